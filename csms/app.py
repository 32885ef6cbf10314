"""The whole server: its areas, in which order they start, and how they end.

Start: database, migrations, writers, gateway, API. End: the gateway first (so that nothing new
comes in), then what it still had to write, then the database.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from csms.api.server import Api
from csms.clock import Clock, SystemClock
from csms.config import Settings
from csms.gateway.links import LiveLinks
from csms.gateway.server import Gateway
from csms.metrics import Metrics
from csms.services.accounts.settling import Settling
from csms.services.certificates.contract_pool import ContractPool
from csms.services.certificates.making import built_in_authority
from csms.services.pricing.pricers import Pricers
from csms.services.services import Services
from csms.store.database import Database
from csms.store.embedded import EmbeddedPostgres
from csms.store.live import Passwords
from csms.store.log_allowance import LogAllowance
from csms.store.message_log import MessageLogWriter
from csms.store.migrate import is_current, migrate
from csms.store.partitions import make_room
from csms.store.writer import BatchWriter
from csms.wiring.charge_points import (
    check_signatures,
    follow_charge_points,
    look_after_reports,
    provision,
)
from csms.wiring.commanding import make_commands
from csms.wiring.domain import make_services
from csms.wiring.ground import Ground, end
from csms.wiring.loads import make_loads
from csms.wiring.money import begin_pricing, issue_statements, watch_spending
from csms.wiring.operations import OperationRooms
from csms.wiring.tokens import keep_lists
from csms.wiring.upkeep import keep_up
from csms.wiring.versions import ROUTES

log = logging.getLogger(__name__)


class Application:
    """A whole server; enter it to start it, leave it to stop it cleanly."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        *,
        contract_pool: ContractPool | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._contract_pool = contract_pool
        self._stack = AsyncExitStack()
        self.ocpp_port = 0
        self.ocpp_tls_port: int | None = None
        self.api_port = 0
        self.database: Database
        self.metrics: Metrics
        self.services: Services
        self.settling: Settling

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def run_until_signal(self) -> None:
        """Wait for SIGINT or SIGTERM."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await stop.wait()
        log.info("stopping")

    async def _start(self, stack: AsyncExitStack) -> None:
        settings, clock = self._settings, self._clock
        url = settings.database_url
        if url is None:
            embedded = await stack.enter_async_context(EmbeddedPostgres(settings.data_dir))
            url = embedded.url
        database = self.database = Database(url, pool_size=settings.database_pool_size)
        stack.push_async_callback(database.close)
        if not await is_current(database):
            await migrate(url)
        await make_room(database, clock.now())
        metrics = self.metrics = Metrics()
        ground = Ground(settings, clock, database, metrics, stack)
        message_log = MessageLogWriter(
            database, metrics, LogAllowance(settings.message_log_chars_per_day)
        )
        await message_log.start()
        stack.push_async_callback(message_log.stop)
        writer = BatchWriter(database, metrics, message_log)
        await writer.start()
        stack.push_async_callback(writer.stop)
        authority = built_in_authority(settings, clock)
        pricers = Pricers()
        services = make_services(ground, writer, authority, pricers, self._contract_pool)
        self.services = services
        links = LiveLinks()
        passwords = Passwords(database)
        commands = make_commands(ground, services, writer, passwords, links)
        keep_up(ground, services, writer)
        operations = OperationRooms(ground, services, links)
        await operations.start()
        follow_charge_points(ground, services, commands)
        pricing = begin_pricing(ground, services, pricers)
        issuing = issue_statements(ground, services)
        look_after_reports(ground, services)
        lists = keep_lists(ground, services, commands)
        templates = provision(ground, services, commands, links)
        check_signatures(ground, services, writer)
        loads = make_loads(ground, services, commands)
        self.settling = watch_spending(ground, services, commands, loads.management)
        await services.running_costs.look_again()
        gateway = Gateway(
            settings, services, ROUTES, writer, passwords, links, metrics, clock, authority.roots()
        )
        authority.on_new_root = gateway.trust_clients_of
        await gateway.start()
        stack.push_async_callback(gateway.stop, settings.shutdown_timeout)
        # They end before the gateway, whose last connections would look lost to them.
        stack.push_async_callback(end, templates)
        await loads.management.start()
        stack.push_async_callback(loads.management.stop)
        self.ocpp_port = gateway.port
        self.ocpp_tls_port = gateway.tls_port

        def gateway_readiness() -> str | None:
            return None if gateway.listening else "chargers can't connect: nothing listens"

        def writer_readiness() -> str | None:
            return writer.trouble

        api = Api(
            settings,
            database,
            services,
            commands,
            links,
            metrics,
            [gateway_readiness, writer_readiness],
            meters=loads.checks,
            loads=loads.management,
            steered=loads.management,
            running_meters=loads.meters,
            checks=loads.checks,
            local_lists=lists,
            pricing=pricing,
            issuing=issuing,
            operations=operations.services,
        )
        await api.start()
        stack.push_async_callback(api.stop)
        self.api_port = api.port
        operations.begin(api.port)
