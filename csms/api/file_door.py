"""/files: where charge points fetch firmware and upload logs, by links that nobody can guess."""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Callable, Coroutine
from typing import Any, Final

from aiohttp import web

from csms.api.middleware import counting, errors_as_problems, safe_headers
from csms.api.problems import Problem
from csms.api.receiving import receive
from csms.clock import Clock
from csms.config import Settings
from csms.metrics import Metrics
from csms.services.operations.book import OperationBook
from csms.services.operations.links import FILES_PATH, TOKEN_CHARS, FilePlace, hash_token
from csms.store.blobs import Blobs
from csms.store.files import Files, FoundLink, UploadedFile

logger = logging.getLogger(__name__)

FILES_PATTERN: Final = FILES_PATH + "{rest}"
"""How the path is named in metrics, and where nobody needs a key."""
_PATH: Final = FILES_PATH + "{rest:.*}"
FIRMWARE: Final = "firmware"
UPLOAD: Final = "upload"
MAX_UPLOADS: Final = 32
"""At the same time."""
SHUTDOWN_TIMEOUT_S: Final = 1.0
_ODD: Final = re.compile(r"[^\w .()+-]+")
_NAME_LENGTH: Final = 120

Handler = Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]


class FileDoor:
    """Whoever knows a link comes in, and only for what the link is good for."""

    def __init__(
        self,
        settings: Settings,
        files: Files,
        blobs: Blobs,
        book: OperationBook,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._files = files
        self._blobs = blobs
        self._book = book
        self._clock = clock
        self._busy: set[bytes] = set()

    def add_to(self, application: web.Application) -> None:
        for method, handler in self._handlers().items():
            application.router.add_route(method, _PATH, handler)

    def _handlers(self) -> dict[str, Handler]:
        return {"GET": self.fetch, "HEAD": self.fetch, "PUT": self.upload, "POST": self.upload}

    async def fetch(self, request: web.Request) -> web.StreamResponse:
        """Send a firmware, or the part of it that a Range asks for."""
        _, link, _ = await self._link(request, is_upload=False)
        path = self._blobs.path(FIRMWARE, link.firmware_id or 0)
        if not path.is_file():
            raise _nothing()
        return web.FileResponse(
            path,
            headers={
                "Content-Type": "application/octet-stream",
                "Content-Disposition": 'attachment; filename="firmware"',
            },
        )

    async def upload(self, request: web.Request) -> web.Response:
        """Take one file; the link is used up once it is complete and safe."""
        token_hash, _, tail = await self._link(request, is_upload=True)
        if token_hash in self._busy:
            raise Problem(409, "an upload by this link is going on")
        if len(self._busy) >= MAX_UPLOADS:
            raise Problem(503, "too many upload at once", headers={"Retry-After": "60"})
        self._busy.add(token_hash)
        try:
            await self._take(request, token_hash, tail)
        finally:
            self._busy.discard(token_hash)
        return web.Response(status=201)

    async def _take(self, request: web.Request, token_hash: bytes, tail: str) -> None:
        settings = self._settings
        # What is being uploaded beside this one may add to it, so each reserves all it may take.
        room = settings.uploads_quota_bytes - await self._files.total_bytes()
        room -= (len(self._busy) - 1) * settings.upload_max_bytes
        if room <= 0 or (request.content_length or 0) > room:
            raise Problem(507, "there is no room left for uploads")
        limit = min(room, settings.upload_max_bytes)
        blob, given_name = await receive(
            request, self._blobs, limit_bytes=limit, timeout_s=settings.upload_timeout
        )
        file = UploadedFile(
            name=plain_name(given_name or tail),
            size_bytes=blob.size_bytes,
            sha256=blob.sha256,
            content_type=request.content_type[:100],
            uploaded_at=self._clock.now(),
        )
        kept = await self._files.use(token_hash, file)
        if kept is None:
            await self._blobs.discard(blob)
            raise _nothing()
        file_id, operation_id = kept
        await self._blobs.keep(blob, UPLOAD, file_id)
        logger.info("%d bytes were uploaded for operation %d", file.size_bytes, operation_id)
        about = {"name": file.name, "size_bytes": file.size_bytes, "sha256": file.sha256}
        await self._book.uploaded(operation_id, {"file": {"id": file_id, **about}})

    async def _link(self, request: web.Request, *, is_upload: bool) -> tuple[bytes, FoundLink, str]:
        """Find the link of a path; some charge points glue a name of their own to it.

        Raises Problem 404, whatever is wrong with it.
        """
        rest = request.match_info["rest"]
        token_hash = hash_token(rest[:TOKEN_CHARS])
        link = await self._files.find(token_hash, self._clock.now())
        if link is None or link.is_upload is not is_upload:
            raise _nothing()
        return token_hash, link, rest[TOKEN_CHARS:]


class FileServer:
    """Ports of their own for the door: the admin API need not be where chargers can reach it."""

    def __init__(self, settings: Settings, door: FileDoor, metrics: Metrics) -> None:
        self._settings = settings
        self._door = door
        self._metrics = metrics
        self._runner: web.AppRunner | None = None

    async def start(self, place: FilePlace, tls: ssl.SSLContext | None) -> None:
        """Listen, and tell the place where. Raises OSError if a port is taken."""
        settings = self._settings
        application = web.Application(
            middlewares=[counting(self._metrics), safe_headers, errors_as_problems]
        )
        self._door.add_to(application)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT_S)
        await runner.setup()
        self._runner = runner
        if settings.files_port is not None:
            await web.TCPSite(runner, settings.ocpp_host, settings.files_port).start()
            place.http_port = runner.addresses[-1][1]
        if settings.files_tls_port is not None:
            secure = web.TCPSite(
                runner, settings.ocpp_host, settings.files_tls_port, ssl_context=tls
            )
            await secure.start()
            place.https_port = runner.addresses[-1][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()


def plain_name(name: str) -> str:
    """Return what is shown of a name from outside; it is never part of a path."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return _ODD.sub("_", last).strip(". ")[-_NAME_LENGTH:] or "log"


def _nothing() -> Problem:
    return Problem(404, "this link leads nowhere, or no longer")
