"""Files in the data directory: firmware, and what charge points uploaded.

Their names are made here alone; nothing that comes from outside ever becomes part of a path.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

FREE_BYTES: Final = 256 * 1024 * 1024
"""What has to stay free on the disk: the database lives there as well."""
_CHUNK_BYTES: Final = 1024 * 1024


class TooLargeError(Exception):
    """More came than may."""


class DiskFullError(Exception):
    """There is no room left."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A file that is complete and on the disk, but has no name yet."""

    path: Path
    size_bytes: int
    sha256: str
    md5: str


class Blobs:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, kind: str, number: int) -> Path:
        """Return where a file is, if it is there."""
        return self._directory / f"{kind}-{number:d}"

    def clear_unfinished(self) -> None:
        """Remove what a server that was killed had begun to receive."""
        for path in self._directory.glob("new-*"):
            path.unlink(missing_ok=True)

    async def receive(self, chunks: AsyncIterator[bytes], limit_bytes: int) -> Blob:
        """Write what comes, durable on return. Raises TooLargeError, DiskFullError, OSError.

        Whatever ends it early, nothing is left behind.
        """
        path = self._directory / f"new-{secrets.token_hex(16)}"
        file = await asyncio.to_thread(self._open, path)
        sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
        waiting = bytearray()
        try:
            async for chunk in _limited(chunks, limit_bytes):
                size += len(chunk)
                sha256.update(chunk)
                md5.update(chunk)
                waiting += chunk
                if len(waiting) >= _CHUNK_BYTES:
                    await asyncio.to_thread(self._write, file, bytes(waiting))
                    waiting.clear()
            await asyncio.to_thread(self._finish, file, bytes(waiting))
        except BaseException:
            file.close()
            path.unlink(missing_ok=True)
            raise
        return Blob(path, size, sha256.hexdigest(), md5.hexdigest())

    async def keep(self, blob: Blob, kind: str, number: int) -> None:
        """Give a file its name, in the place of one that had it."""
        await asyncio.to_thread(self._rename, blob.path, self.path(kind, number))

    async def discard(self, blob: Blob) -> None:
        await asyncio.to_thread(blob.path.unlink, missing_ok=True)

    async def remove(self, kind: str, number: int) -> None:
        await asyncio.to_thread(self.path(kind, number).unlink, missing_ok=True)

    def _open(self, path: Path) -> BinaryIO:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        return os.fdopen(handle, "wb", buffering=0)

    def _write(self, file: BinaryIO, data: bytes) -> None:
        if shutil.disk_usage(self._directory).free < FREE_BYTES + len(data):
            raise DiskFullError
        file.write(data)

    def _finish(self, file: BinaryIO, data: bytes) -> None:
        self._write(file, data)
        os.fsync(file.fileno())
        file.close()

    def _rename(self, source: Path, target: Path) -> None:
        source.replace(target)
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


async def _limited(chunks: AsyncIterator[bytes], limit_bytes: int) -> AsyncIterator[bytes]:
    """Raises TooLargeError as soon as there is too much."""
    async for chunk in chunks:
        limit_bytes -= len(chunk)
        if limit_bytes < 0:
            raise TooLargeError
        yield chunk
