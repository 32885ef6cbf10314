"""API keys: made, listed, revoked and recognised.

A key is `csms_` and 32 random bytes, shown once. Only its SHA-256 is kept: with 256 bits of
entropy there is nothing to guess, so a slow password hash would only slow every request down.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias, get_args

from sqlalchemy import ColumnElement, RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.errors import ConflictError, NotFoundError
from csms.store.tables import api_keys

Role: TypeAlias = Literal["admin", "read-only"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

KEY_PREFIX: Final = "csms_"
SHOWN_CHARS: Final = 12
"""How much of a key is kept in clear, so that people can tell their keys apart."""

_COLUMNS = (
    api_keys.c.id,
    api_keys.c.name,
    api_keys.c.role,
    api_keys.c.prefix,
    api_keys.c.created_at,
    api_keys.c.expires_at,
    api_keys.c.revoked_at,
    api_keys.c.last_used_at,
)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as the server knows it, without the secret."""

    id: int
    name: str
    role: Role
    prefix: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        """Tell whether the key opens anything at this moment."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


async def create(
    connection: AsyncConnection, name: str, role: Role, *, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Make a key and return it with its secret, which can't be had again.

    Raises ConflictError if the name is taken (also by a revoked key: the audit log names keys).
    """
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    rows = await connection.execute(
        insert(api_keys)
        .values(
            name=name,
            role=role,
            key_hash=hash_key(secret),
            prefix=secret[:SHOWN_CHARS],
            expires_at=expires_at,
        )
        .on_conflict_do_nothing(index_elements=[api_keys.c.name])
        .returning(*_COLUMNS)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise ConflictError(f"there is an API key named {name!r} already")
    return _api_key(row), secret


async def find_by_hash(connection: AsyncConnection, key_hash: bytes) -> ApiKey | None:
    """Return the key with this hash, valid or not."""
    return await _find(connection, api_keys.c.key_hash == key_hash)


async def get(connection: AsyncConnection, key_id: int) -> ApiKey:
    """Raises NotFoundError."""
    key = await _find(connection, api_keys.c.id == key_id)
    if key is None:
        raise NotFoundError("API key", key_id)
    return key


async def list_all(connection: AsyncConnection) -> list[ApiKey]:
    """Return every key ever made, oldest first; the revoked and expired are part of the record."""
    rows = await connection.execute(select(*_COLUMNS).order_by(api_keys.c.id))
    return [_api_key(row) for row in rows.mappings()]


async def revoke(connection: AsyncConnection, name_or_id: str | int) -> ApiKey:
    """End a key for good; revoking it again changes nothing. Raises NotFoundError."""
    column = api_keys.c.id if isinstance(name_or_id, int) else api_keys.c.name
    rows = await connection.execute(
        update(api_keys)
        .where(column == name_or_id)
        .values(revoked_at=func.coalesce(api_keys.c.revoked_at, func.now()))
        .returning(*_COLUMNS)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("API key", name_or_id)
    return _api_key(row)


async def mark_used(connection: AsyncConnection, key_id: int, now: datetime) -> None:
    """Note when a key was last used."""
    await connection.execute(
        update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=now)
    )


def hash_key(secret: str) -> bytes:
    """Return what is stored of a key."""
    return hashlib.sha256(secret.encode()).digest()


async def _find(connection: AsyncConnection, condition: ColumnElement[bool]) -> ApiKey | None:
    rows = await connection.execute(select(*_COLUMNS).where(condition))
    row = rows.mappings().one_or_none()
    return None if row is None else _api_key(row)


def _api_key(row: RowMapping) -> ApiKey:
    return ApiKey(**row)
