"""The wiring of operations: the desk, the files, their door, and what has to be tidied."""

from __future__ import annotations

import ssl
from datetime import timedelta
from typing import Final

from csms.api.file_door import UPLOAD, FileDoor, FileServer
from csms.api.operation_routes import OperationServices
from csms.gateway import tls
from csms.services.operations.campaigns import CampaignRunner
from csms.services.operations.desk import OperationDesk
from csms.services.operations.links import FileLinks, FilePlace
from csms.services.operations.watch import OperationWatch
from csms.services.ports import Links
from csms.services.services import Services
from csms.store.blobs import Blobs
from csms.store.campaigns import Campaigns
from csms.store.files import Files
from csms.wiring.ground import Ground

FILES_DIRECTORY: Final = "files"
EXPIRE_EVERY_S: Final = 10.0
TIDY_EVERY_S: Final = 3600.0


class OperationRooms:
    """`services` are for the API."""

    def __init__(
        self,
        ground: Ground,
        services: Services,
        chargers: Links,
    ) -> None:
        self._ground = ground
        settings, database, clock = ground.settings, ground.database, ground.clock
        metrics = ground.metrics
        self._place = FilePlace(settings.files_url)
        self._files = Files(database)
        self._blobs = Blobs(settings.data_dir / FILES_DIRECTORY)
        book = self._book = services.operations
        door = FileDoor(settings, self._files, self._blobs, book, clock)
        self._has_own_ports = settings.files_port is not None or settings.files_tls_port is not None
        self._server = FileServer(settings, door, metrics)
        self._watch = OperationWatch(book, services.events, services.charge_points, metrics)
        links = FileLinks(self._files, self._place, clock)
        desk = OperationDesk(book, links, clock)
        self._campaigns = CampaignRunner(
            Campaigns(database), desk, chargers, services.events, clock, metrics
        )
        self.services = OperationServices(
            desk, self._files, self._blobs, None if self._has_own_ports else door, self._campaigns
        )

    async def start(self) -> None:
        """Raises OSError if a port is taken, InvalidValueError for unusable TLS files."""
        self._blobs.clear_unfinished()
        self._ground.begin("firmware after boots", self._watch.run())
        self._ground.repeat("overdue operations", self._book.expire, every_s=EXPIRE_EVERY_S)
        self._ground.repeat("old files", self.tidy, every_s=TIDY_EVERY_S)
        if self._has_own_ports:
            await self._server.start(self._place, self._tls())
            self._ground.stack.push_async_callback(self._server.stop)

    def begin(self, api_port: int) -> None:
        """Go on with campaigns, now that charge points connect and all files can be reached."""
        if not self._has_own_ports:
            self._place.http_port = api_port
        self._campaigns.start()
        self._ground.stack.push_async_callback(self._campaigns.stop)

    def _tls(self) -> ssl.SSLContext | None:
        if self._ground.settings.files_tls_port is None:
            return None
        return tls.server_context(self._ground.settings)

    async def tidy(self) -> None:
        """Remove what has passed its time. Raises DatabaseUnavailableError, OSError."""
        settings, now = self._ground.settings, self._ground.clock.now()
        for number in await self._files.old_uploads(now - timedelta(days=settings.uploads_days)):
            await self._blobs.remove(UPLOAD, number)
            await self._files.forget_upload(number)
        await self._files.end_links(now - timedelta(days=1))
        customers = timedelta(days=settings.customer_information_days)
        await self._files.forget_customers(now - customers)
        await self._files.forget_operations(now - timedelta(days=settings.history_days))
