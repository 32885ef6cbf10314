"""Links by which charge points fetch firmware and upload logs: nobody can guess them, they end."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from csms.clock import Clock
from csms.errors import ConflictError
from csms.services.charge_point import ChargePoint

FILES_PATH: Final = "/files/"
TOKEN_CHARS: Final = 43
"""32 random bytes in base64; always as many, so that a name glued to it can be told apart."""
VALID_FOR: Final = timedelta(days=3)
"""After the moment from which on the charge point may use it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLink:
    token_hash: bytes
    is_upload: bool
    created_at: datetime
    expires_at: datetime
    firmware_id: int | None = None
    """What it fetches."""
    operation_id: int | None = None
    """Of the request that it answers or serves."""


class FileLinkStore(Protocol):
    async def add(self, link: FileLink) -> None: ...


@dataclass(slots=True)
class FilePlace:
    """Where charge points reach our files; the ports are known once it is listened on them."""

    url: str | None = None
    """The beginning of all links, if the operator gave one."""
    http_port: int | None = None
    https_port: int | None = None

    def base(self, charge_point: ChargePoint) -> str:
        """Return the beginning of a charge point's links. Raises ConflictError if none is known.

        Who speaks OCPP over TLS gets https:// where we have it.
        """
        if self.url is not None:
            return self.url.rstrip("/")
        host = charge_point.server_host
        if host is None:
            raise ConflictError(
                f"{charge_point.id} did not tell by which name it reaches this server: "
                "set CSMS_FILES_URL"
            )
        if self.https_port is not None and (charge_point.uses_tls or self.http_port is None):
            return f"https://{host}:{self.https_port}"
        return f"http://{host}:{self.http_port}"


def hash_token(token: str) -> bytes:
    """Return what is kept of a token: who reads the database can't use the links."""
    return hashlib.sha256(token.encode()).digest()


class FileLinks:
    def __init__(self, store: FileLinkStore, place: FilePlace, clock: Clock) -> None:
        self._store = store
        self._place = place
        self._clock = clock

    def check(self, charge_point: ChargePoint) -> None:
        """Raises ConflictError if no link could be made for this charge point."""
        self._place.base(charge_point)

    async def for_firmware(
        self,
        charge_point: ChargePoint,
        firmware_id: int,
        operation_id: int,
        name: str,
        not_before: datetime | None = None,
    ) -> str:
        """Return where to fetch a firmware; as often as needed, in parts if need be."""
        token = await self._new(
            is_upload=False,
            firmware_id=firmware_id,
            operation_id=operation_id,
            not_before=not_before,
        )
        return f"{self._place.base(charge_point)}{FILES_PATH}{token}/{name}"

    async def for_upload(self, charge_point: ChargePoint, operation_id: int) -> str:
        """Return where to upload one file."""
        token = await self._new(is_upload=True, operation_id=operation_id)
        # Most charge points put a name of their own behind the last slash.
        return f"{self._place.base(charge_point)}{FILES_PATH}{token}/"

    async def _new(
        self,
        *,
        is_upload: bool,
        operation_id: int,
        firmware_id: int | None = None,
        not_before: datetime | None = None,
    ) -> str:
        token = secrets.token_urlsafe(32)
        now = self._clock.now()
        await self._store.add(
            FileLink(
                token_hash=hash_token(token),
                is_upload=is_upload,
                created_at=now,
                expires_at=max(now, not_before or now) + VALID_FOR,
                firmware_id=firmware_id,
                operation_id=operation_id,
            )
        )
        return token
