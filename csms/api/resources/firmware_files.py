"""/firmware-files: the built-in firmware store."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct

from csms.api.context import Context
from csms.api.fields import Name, Note
from csms.api.file_door import FIRMWARE
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.receiving import receive
from csms.api.resources.certificates import Pem
from csms.api.route import Asked, Nothing, Reply, Route, delete, get
from csms.errors import ConflictError, InvalidValueError
from csms.services.operations.desk import FirmwareFile
from csms.services.operations.signatures import is_signed_by
from csms.store.admin import firmware_files as store
from csms.store.admin.window import Row
from csms.store.blobs import Blobs

TAG: Final = "Firmware"
UPLOAD_TIMEOUT_S: Final = 3600.0
Sha256: TypeAlias = Annotated[str, Meta(pattern="^[0-9a-fA-F]{64}$")]
Signature: TypeAlias = Annotated[
    str,
    Meta(
        max_length=800,
        pattern="^[A-Za-z0-9+/]+={0,2}$",
        description="Base64 of the signature over the SHA-256 of the file.",
    ),
]


class FirmwareFileBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """`version` is what the charge point reports once it runs; it is compared after the update.

    Of `sha256` the content is held to it. `signing_certificate` and `signature` come together.
    """

    name: Name
    version: Name | None = None
    vendor: Name | None = None
    model: Name | None = None
    note: Note | None = None
    sha256: Sha256 | None = None
    signing_certificate: Pem | None = None
    signature: Signature | None = None


class FirmwareFileView(Struct):
    """`size_bytes` and `md5` are null until the content was uploaded.

    `signature_is_valid` says whether the signature fits content and certificate; null if there is
    none, or no content yet.
    """

    id: int
    name: str
    version: str | None
    vendor: str | None
    model: str | None
    note: str | None
    size_bytes: int | None
    sha256: str | None
    md5: str | None
    signing_certificate: str | None
    signature: str | None
    signature_is_valid: bool | None
    created_by: str
    created_at: datetime
    uploaded_at: datetime | None


class FirmwareFiles:
    def __init__(self, context: Context, blobs: Blobs) -> None:
        self._context = context
        self._blobs = blobs
        self._pager: Pager[FirmwareFileView] = Pager(tuple[int], "id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/firmware-files"
        one = f"{path}/{{firmware_id}}"
        return [
            get(
                path,
                self.list,
                "List the firmware files",
                tag=TAG,
                query=PageQuery,
                answer=Page[FirmwareFileView],
            ),
            Route(
                method="POST",
                path=path,
                handler=self.create,
                summary="Enter a firmware file; its content is uploaded next",
                tag=TAG,
                query=Nothing,
                body=FirmwareFileBody,
                answers={201: FirmwareFileView},
            ),
            get(
                one,
                self.read,
                "Show a firmware file",
                tag=TAG,
                query=Nothing,
                answer=FirmwareFileView,
            ),
            delete(one, self.remove, "Delete a firmware file", tag=TAG, problems=(404, 409)),
            Route(
                method="PUT",
                path=f"{one}/content",
                handler=self.upload,
                summary="Upload the content of a firmware file, once",
                tag=TAG,
                query=Nothing,
                body=Nothing,
                answers={200: FirmwareFileView},
                problems=(404, 408, 409, 413, 422, 507),
                takes_file=True,
            ),
        ]

    async def list(self, asked: Asked[PageQuery, Nothing]) -> Page[FirmwareFileView]:
        window = self._pager.window(asked.query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(connection, window)
        return self._pager.page(rows, asked.query, lambda row: view(FirmwareFileView, row))

    async def read(self, asked: Asked[Nothing, Nothing]) -> FirmwareFileView:
        async with self._context.database.begin() as connection:
            return view(FirmwareFileView, await store.find(connection, asked.path["firmware_id"]))

    async def create(self, asked: Asked[Nothing, FirmwareFileBody]) -> Reply:
        body = asked.body
        if (body.signature is None) != (body.signing_certificate is None):
            raise InvalidValueError("signature", None, "signing_certificate and signature together")
        values = msgspec.to_builtins(body)
        if body.sha256 is not None:
            values["sha256"] = body.sha256.lower()
        shown = {name: values[name] for name in ("name", "version", "vendor", "model", "sha256")}
        async with self._context.change(
            asked.actor.name, "create", "firmware-files", shown
        ) as connection:
            row = await store.create(connection, {**values, "created_by": asked.actor.name})
        location = f"/api/v1/firmware-files/{row['id']}"
        return Reply(view(FirmwareFileView, row), 201, {"Location": location})

    async def upload(self, asked: Asked[Nothing, Nothing]) -> FirmwareFileView:
        """Take the content; what was promised to charge points never changes, so only once."""
        firmware_id = asked.path["firmware_id"]
        async with self._context.database.begin() as connection:
            _check_waits(await store.find(connection, firmware_id))
        blob, _ = await receive(
            asked.http,
            self._blobs,
            limit_bytes=self._context.settings.firmware_max_bytes,
            timeout_s=UPLOAD_TIMEOUT_S,
        )
        found = {"size_bytes": blob.size_bytes, "sha256": blob.sha256, "md5": blob.md5}
        try:
            async with self._context.change(
                asked.actor.name, "upload", f"firmware-files/{firmware_id}", found
            ) as connection:
                row = await store.find(connection, firmware_id, lock=True)
                _check_waits(row)
                if row["sha256"] not in (None, blob.sha256):
                    raise InvalidValueError("sha256", blob.sha256, f"content with {row['sha256']}")
                now = self._context.clock.now()
                valid = await _signature_is_valid(row, blob.sha256)
                values = {**found, "signature_is_valid": valid}
                row = await store.arrived(connection, firmware_id, values, now)
                await self._blobs.keep(blob, FIRMWARE, firmware_id)
        finally:
            await self._blobs.discard(blob)
        return view(FirmwareFileView, row)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        firmware_id = asked.path["firmware_id"]
        async with self._context.change(
            asked.actor.name, "delete", f"firmware-files/{firmware_id}", {}
        ) as connection:
            await store.remove(connection, firmware_id)
        await self._blobs.remove(FIRMWARE, firmware_id)


def stored_firmware(row: Row) -> FirmwareFile:
    """Return a firmware that can be sent; raises ConflictError for one without content."""
    if row["size_bytes"] is None:
        raise ConflictError(f"firmware file {row['id']} has no content yet")
    return FirmwareFile(
        id=row["id"],
        name=row["name"],
        version=row["version"],
        md5=row["md5"],
        signing_certificate=row["signing_certificate"],
        signature=row["signature"],
    )


def _check_waits(row: Mapping[str, Any]) -> None:
    if row["size_bytes"] is not None:
        raise ConflictError(f"firmware file {row['id']} has its content already")


async def _signature_is_valid(row: Mapping[str, Any], sha256: str) -> bool | None:
    signature, certificate = row["signature"], row["signing_certificate"]
    if signature is None or certificate is None:
        return None
    return await asyncio.to_thread(is_signed_by, certificate, signature, bytes.fromhex(sha256))
