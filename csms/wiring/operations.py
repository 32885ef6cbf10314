"""The wiring of operations: the desk, the files, their door, and what has to be tidied."""

from __future__ import annotations

import asyncio
import logging
import ssl
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Final

from csms.api.file_door import UPLOAD, FileDoor, FileServer
from csms.api.operation_routes import OperationServices
from csms.clock import Clock
from csms.config import Settings
from csms.errors import DatabaseUnavailableError
from csms.gateway import tls
from csms.metrics import Metrics
from csms.services.operations.campaigns import CampaignRunner
from csms.services.operations.desk import OperationDesk
from csms.services.operations.links import FileLinks, FilePlace
from csms.services.operations.watch import OperationWatch
from csms.services.ports import Links
from csms.services.services import Services
from csms.store.blobs import Blobs
from csms.store.campaigns import Campaigns
from csms.store.database import Database
from csms.store.files import Files

logger = logging.getLogger(__name__)

FILES_DIRECTORY: Final = "files"
TIDY_EVERY_S: Final = 3600.0


class OperationRooms:
    """`services` are for the API."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        services: Services,
        metrics: Metrics,
        clock: Clock,
        chargers: Links,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._place = FilePlace(settings.files_url)
        self._files = Files(database)
        self._blobs = Blobs(settings.data_dir / FILES_DIRECTORY)
        book = services.operations
        door = FileDoor(settings, self._files, self._blobs, book, clock)
        self._has_own_ports = settings.files_port is not None or settings.files_tls_port is not None
        self._server = FileServer(settings, door, metrics)
        self._watch = OperationWatch(book, services.events, services.charge_points)
        links = FileLinks(self._files, self._place, clock)
        desk = OperationDesk(book, links, clock)
        self._campaigns = CampaignRunner(
            Campaigns(database), desk, chargers, services.events, clock
        )
        self.services = OperationServices(
            desk, self._files, self._blobs, None if self._has_own_ports else door, self._campaigns
        )

    async def start(self, stack: AsyncExitStack) -> None:
        """Raises OSError if a port is taken, InvalidValueError for unusable TLS files."""
        self._blobs.clear_unfinished()
        self._watch.start()
        stack.push_async_callback(self._watch.stop)
        tidying = asyncio.create_task(self._tidy_forever(), name="tidy files")
        stack.callback(tidying.cancel)
        if self._has_own_ports:
            await self._server.start(self._place, self._tls())
            stack.push_async_callback(self._server.stop)

    async def begin(self, stack: AsyncExitStack, api_port: int) -> None:
        """Go on with campaigns, now that charge points connect and all files can be reached."""
        if not self._has_own_ports:
            self._place.http_port = api_port
        self._campaigns.start()
        stack.push_async_callback(self._campaigns.stop)

    def _tls(self) -> ssl.SSLContext | None:
        if self._settings.files_tls_port is None:
            return None
        return tls.server_context(self._settings)

    async def _tidy_forever(self) -> None:
        while True:
            try:
                await self.tidy()
            except (DatabaseUnavailableError, OSError) as error:
                logger.warning("old files have to wait: %s", error)
            except Exception:
                logger.exception("tidying the files failed")
            await asyncio.sleep(TIDY_EVERY_S)

    async def tidy(self) -> None:
        """Remove what has passed its time. Raises DatabaseUnavailableError, OSError."""
        settings, now = self._settings, self._clock.now()
        for number in await self._files.old_uploads(now - timedelta(days=settings.uploads_days)):
            await self._blobs.remove(UPLOAD, number)
            await self._files.forget_upload(number)
        await self._files.end_links(now - timedelta(days=1))
        customers = timedelta(days=settings.customer_information_days)
        await self._files.forget_customers(now - customers)
        await self._files.forget_operations(now - timedelta(days=settings.history_days))
