"""Links to files, and the files that came by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from csms.services.operations.links import FileLink
from csms.store.database import Database

_ADD: Final = """
INSERT INTO file_links (token_hash, firmware_id, operation_id, is_upload, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""
_FIND: Final = """
SELECT l.*, f.size_bytes AS firmware_bytes FROM file_links l
LEFT JOIN firmware_files f ON f.id = l.firmware_id
WHERE l.token_hash = $1 AND l.expires_at > $2 AND l.used_at IS NULL
"""
_USE: Final = """
UPDATE file_links SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL
RETURNING operation_id
"""
_KEEP: Final = """
INSERT INTO uploaded_files (operation_id, name, size_bytes, sha256, content_type, uploaded_at)
VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
"""
_TOTAL: Final = "SELECT coalesce(sum(size_bytes), 0) FROM uploaded_files"
_OLD: Final = """
SELECT id FROM uploaded_files WHERE uploaded_at < $1 OR operation_id IS NULL LIMIT 1000
"""
_FORGET: Final = "DELETE FROM uploaded_files WHERE id = $1"
_END_LINKS: Final = "DELETE FROM file_links WHERE expires_at < $1"
_FORGET_CUSTOMERS: Final = """
WITH old AS (
  UPDATE operations SET request = '{"forgotten": true}', result = '{}'
  WHERE kind = 'customer_information' AND created_at < $1 AND NOT request ? 'forgotten'
  RETURNING id
)
DELETE FROM operation_parts USING old WHERE operation_id = old.id
"""
_FORGET_OPERATIONS: Final = """
DELETE FROM operations WHERE updated_at < $1
  AND state NOT IN ('requested', 'accepted', 'running')
"""


@dataclass(frozen=True, slots=True)
class FoundLink:
    is_upload: bool
    firmware_id: int | None
    operation_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedFile:
    name: str
    size_bytes: int
    sha256: str
    content_type: str | None
    uploaded_at: datetime


class Files:
    """Implements FileLinkStore of csms.services.operations.links."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, link: FileLink) -> None:
        async with self._database.raw() as connection:
            await connection.execute(
                _ADD,
                link.token_hash,
                link.firmware_id,
                link.operation_id,
                link.is_upload,
                link.created_at,
                link.expires_at,
            )

    async def find(self, token_hash: bytes, now: datetime) -> FoundLink | None:
        """Return a link that can still be used; one to a firmware only if that is there."""
        async with self._database.raw() as connection:
            row = await connection.fetchrow(_FIND, token_hash, now)
        if row is None or (not row["is_upload"] and row["firmware_bytes"] is None):
            return None
        return FoundLink(row["is_upload"], row["firmware_id"], row["operation_id"])

    async def use(self, token_hash: bytes, file: UploadedFile) -> tuple[int, int] | None:
        """Use up a link for a file; the ids of file and operation, None if it was used already."""
        async with self._database.raw() as connection, connection.transaction():
            operation_id = await connection.fetchval(_USE, token_hash, file.uploaded_at)
            if operation_id is None:
                return None
            number = await connection.fetchval(
                _KEEP,
                operation_id,
                file.name,
                file.size_bytes,
                file.sha256,
                file.content_type,
                file.uploaded_at,
            )
        return int(number), int(operation_id)

    async def total_bytes(self) -> int:
        async with self._database.raw() as connection:
            return int(await connection.fetchval(_TOTAL))

    async def old_uploads(self, before: datetime) -> Sequence[int]:
        """Return some files that were uploaded before, or whose charge point is gone."""
        async with self._database.raw() as connection:
            return [row["id"] for row in await connection.fetch(_OLD, before)]

    async def forget_upload(self, number: int) -> None:
        async with self._database.raw() as connection:
            await connection.execute(_FORGET, number)

    async def end_links(self, before: datetime) -> None:
        async with self._database.raw() as connection:
            await connection.execute(_END_LINKS, before)

    async def forget_customers(self, before: datetime) -> None:
        """Remove who was asked about and what was told."""
        async with self._database.raw() as connection:
            await connection.execute(_FORGET_CUSTOMERS, before)

    async def forget_operations(self, before: datetime) -> None:
        async with self._database.raw() as connection:
            await connection.execute(_FORGET_OPERATIONS, before)
