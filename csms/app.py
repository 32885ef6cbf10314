"""The only wiring: what is made of what, in which order it starts, and how it ends.

Start: database, migrations, writers, gateway, API. End: the gateway first (so that nothing new
comes in), then what it still had to write, then the database.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self, TypeVar

from csms.api.server import Api
from csms.clock import Clock, SystemClock
from csms.config import Settings
from csms.events import Events
from csms.gateway.links import LiveLinks
from csms.gateway.server import Gateway
from csms.handlers import v16, v21, v201
from csms.handlers.v16 import local_list as local_list_v16
from csms.handlers.v16.authorization_key import read_new_password as read_authorization_key
from csms.handlers.v16.availability import read_order as read_availability_v16
from csms.handlers.v16.certificates import read_installed as read_installed_v16
from csms.handlers.v16.commands import translate as translate_v16
from csms.handlers.v16.told_variables import read_values as read_configuration_values
from csms.handlers.v21.commands import translate as translate_v21
from csms.handlers.v21.taken import read_taken
from csms.handlers.v201 import local_list as local_list_v201
from csms.handlers.v201.availability import read_order as read_availability_v201
from csms.handlers.v201.basic_auth_password import read_new_password as read_basic_auth_password
from csms.handlers.v201.certificates import read_installed as read_installed_v201
from csms.handlers.v201.commands import translate as translate_v201
from csms.handlers.v201.display_messages import read_display_change
from csms.handlers.v201.monitors import read_changes as read_monitor_changes
from csms.handlers.v201.told_variables import read_values as read_variable_values
from csms.meters.guided_check import GuidedChecks
from csms.meters.registry import MeterConfig, Meters
from csms.meters.secrets import SecretFiles
from csms.meters.watching import watch_meters
from csms.metrics import Metrics
from csms.model import OcppVersion
from csms.operation_rooms import OperationRooms
from csms.services.accounts.admission import Admission
from csms.services.accounts.settling import Settling
from csms.services.accounts.stopping import TransactionStops
from csms.services.accounts.watching import SpendingWatch
from csms.services.authorization import AuthorizationService
from csms.services.cdrs.delivery import CdrDelivery
from csms.services.certificates.built_in import BuiltInAuthority
from csms.services.certificates.contract_pool import ContractPool
from csms.services.certificates.installed import InstalledCertificates
from csms.services.certificates.making import built_in_authority, certificate_services
from csms.services.charge_points import ChargePointService
from csms.services.charging_reports import ChargingReportService
from csms.services.commands import CommandService
from csms.services.configuration_memory import ConfigurationMemory
from csms.services.cost_display.board import CostBoard
from csms.services.cost_display.displays import KnownDisplays
from csms.services.cost_display.telling import CostTelling
from csms.services.data_transfer import DataTransferService
from csms.services.enforcement import Enforcement
from csms.services.load_management.controller import LoadManagement
from csms.services.local_list.forgetting import ListForgetting
from csms.services.local_list.memory import LocalListMemory
from csms.services.local_list.service import LocalListServices, local_list_services
from csms.services.notifications import NotificationService
from csms.services.operations.book import OperationBook
from csms.services.operations.display import DisplayMemory
from csms.services.password_changes import PasswordChanges
from csms.services.pricing.ended import EndedPricing
from csms.services.pricing.fetching import PriceFetching, UrlFetcher
from csms.services.pricing.pricers import Pricers
from csms.services.pricing.running import RunningCosts
from csms.services.provisioning.approval import Approvals
from csms.services.provisioning.availability import AvailabilityMemory
from csms.services.provisioning.device_models import DeviceModels
from csms.services.provisioning.jobs import ConfigurationJobs
from csms.services.provisioning.monitors import Monitors
from csms.services.provisioning.reports import Reports
from csms.services.security_events import SecurityEventService
from csms.services.services import Services
from csms.services.signature_checks import SignatureChecks, SignatureWatch
from csms.services.statements.runs import StatementRuns
from csms.services.statements.service import StatementService
from csms.services.stations.memory import StationMemory
from csms.services.stations.service import station_services
from csms.services.transactions.open_index import OpenTransactions
from csms.services.transactions.service import TransactionService
from csms.services.transactions.status_checks import TransactionStatusChecks
from csms.store.cdr_outbox import CdrOutbox
from csms.store.certificates import Certificates
from csms.store.cost_displays import CostDisplays
from csms.store.data_transfer_rules import StoredRules
from csms.store.database import Database
from csms.store.embedded import EmbeddedPostgres
from csms.store.issued_statements import IssuedStatements
from csms.store.live import IdTokens, LiveStore, Passwords
from csms.store.load_management import LoadStore
from csms.store.local_lists import LocalLists
from csms.store.message_log import MessageLogWriter
from csms.store.migrate import migrate
from csms.store.operations import Displays, Operations
from csms.store.partitions import make_room
from csms.store.price_sources import PriceSources
from csms.store.pricing import PricingStore
from csms.store.provisioning import ProvisioningStore
from csms.store.settlements import Settlements
from csms.store.signatures import Signatures
from csms.store.spending import Spending
from csms.store.statement_runs import StatementRunStore
from csms.store.stations import Stations
from csms.store.unknown_tokens import UnknownTokenTable
from csms.store.writer import BatchWriter
from csms.upkeep import Upkeep

log = logging.getLogger(__name__)

T = TypeVar("T")


def _by_version(v16: T, v201: T, v21: T | None = None) -> dict[OcppVersion, T]:
    """What does not change from 2.0.1 to 2.1 is given once."""
    return {
        OcppVersion.V16: v16,
        OcppVersion.V201: v201,
        OcppVersion.V21: v201 if v21 is None else v21,
    }


ROUTES: Final = _by_version(v16.ROUTES, v201.ROUTES, v21.ROUTES)
TRANSLATORS: Final = _by_version(translate_v16, translate_v201, translate_v21)
PASSWORD_READERS: Final = _by_version(read_authorization_key, read_basic_auth_password)
CONFIGURATION_READERS: Final = _by_version(read_configuration_values, read_variable_values)
INSTALLED_READERS: Final = _by_version(read_installed_v16, read_installed_v201)
AVAILABILITY_READERS: Final = _by_version(read_availability_v16, read_availability_v201)
MONITOR_READERS: Final = {
    OcppVersion.V201: read_monitor_changes,
    OcppVersion.V21: read_monitor_changes,
}
LIST_READERS: Final = _by_version(local_list_v16.read_list_news, local_list_v201.read_list_news)
LIST_DIALECTS: Final = _by_version(
    local_list_v16.DIALECT, local_list_v201.DIALECT, local_list_v201.DIALECT_21
)
DISPLAY_READERS: Final = {
    OcppVersion.V201: read_display_change,
    OcppVersion.V21: read_display_change,
}
TAKEN_READERS: Final = {OcppVersion.V21: read_taken}


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
        self._pricers = Pricers()
        self._pricing_store: PricingStore
        self.database: Database
        self.metrics: Metrics
        self.services: Services
        self.settling: Settling
        self.meters: Meters

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
        settings = self._settings
        url = settings.database_url
        if url is None:
            embedded = await stack.enter_async_context(EmbeddedPostgres(settings.data_dir))
            url = embedded.url
        await migrate(url)
        self.database = Database(url)
        stack.push_async_callback(self.database.close)
        await make_room(self.database, self._clock.now())
        metrics = self.metrics = Metrics()
        self._pricing_store = PricingStore(self.database)
        message_log = MessageLogWriter(self.database, metrics)
        await message_log.start()
        stack.push_async_callback(message_log.stop)
        writer = BatchWriter(self.database, metrics, message_log)
        await writer.start()
        stack.push_async_callback(writer.stop)
        authority = built_in_authority(settings, self._clock)
        services = self.services = self._services(writer, metrics, authority)
        links = LiveLinks()
        passwords = Passwords(self.database)
        commands = CommandService(
            links,
            TRANSLATORS,
            PasswordChanges(passwords, PASSWORD_READERS),
            ConfigurationMemory(services.notifications, CONFIGURATION_READERS, self._clock),
            InstalledCertificates(Certificates(self.database), INSTALLED_READERS, self._clock),
            LocalListMemory(LocalLists(self.database), LIST_READERS, self._clock),
            services.certificates.signing,
            services.reports,
            services.monitors,
            DisplayMemory(Displays(self.database), DISPLAY_READERS, self._clock),
            AvailabilityMemory(writer, AVAILABILITY_READERS, self._clock),
            StationMemory(writer, Stations(self.database), TAKEN_READERS, self._clock),
            timeout_s=settings.call_timeout,
            clock=self._clock,
        )
        services.certificates.signing.commands = commands
        services.operations.commands = commands
        stack.push_async_callback(services.certificates.signing.stop)
        upkeep = Upkeep(self.database, services, metrics, settings, self._clock)
        await upkeep.start()
        stack.push_async_callback(upkeep.stop)
        rooms = OperationRooms(settings, self.database, services, metrics, self._clock, links)
        await rooms.start(stack)
        enforcement = Enforcement(services.events, services.charge_points, commands, self._clock)
        checks_of_ended = TransactionStatusChecks(
            services.events, services.charge_points, commands, services.notifications, self._clock
        )
        for name, job in (
            ("enforcement", enforcement.run),
            ("transaction status", checks_of_ended.run),
        ):
            watching = asyncio.create_task(job(), name=name)
            stack.callback(watching.cancel)
        pricing = services.costs.prices = await self._price(stack, metrics)
        self._issue_statements(stack, metrics)
        reports = asyncio.create_task(services.reports.run(), name="reports")
        stack.callback(reports.cancel)
        lists = self._keep_lists(stack, commands, metrics)
        self._provision(stack, commands, links)
        signatures = SignatureWatch(
            services.events,
            SignatureChecks(Signatures(self.database), self._clock),
            writer,
            self._clock,
        )
        checking = asyncio.create_task(signatures.run(), name="signatures")
        stack.callback(checking.cancel)
        load_store = LoadStore(self.database, self._clock)
        stack.push_async_callback(load_store.close)
        loads = LoadManagement(
            load_store,
            services.events,
            services.charge_points,
            commands,
            self._clock,
            metrics,
            call_timeout_s=settings.call_timeout,
        )
        services.charging_reports.planner = loads
        await self._watch_spending(stack, commands, metrics, loads)
        checks = GuidedChecks(loads, self._clock)
        stack.push_async_callback(checks.stop)
        await self._read_meters(stack, loads, checks, load_store, metrics)
        gateway = Gateway(
            settings,
            services,
            ROUTES,
            writer,
            passwords,
            links,
            metrics,
            self._clock,
            authority.roots(),
        )
        authority.on_new_root = gateway.trust_clients_of
        await gateway.start()
        stack.push_async_callback(gateway.stop, settings.shutdown_timeout)
        # It ends before the gateway, whose last connections would look lost to it.
        await loads.start()
        stack.push_async_callback(loads.stop)
        self.ocpp_port = gateway.port
        self.ocpp_tls_port = gateway.tls_port

        def gateway_readiness() -> str | None:
            return None if gateway.listening else "chargers can't connect: nothing listens"

        api = Api(
            settings,
            self.database,
            services,
            commands,
            links,
            metrics,
            [gateway_readiness],
            meters=checks,
            loads=loads,
            steered=loads,
            running_meters=self.meters,
            checks=checks,
            local_lists=lists,
            pricing=pricing,
            operations=rooms.services,
        )
        await api.start()
        stack.push_async_callback(api.stop)
        self.api_port = api.port
        await rooms.begin(stack, api.port)

    async def _price(self, stack: AsyncExitStack, metrics: Metrics) -> EndedPricing:
        """Begin to price what ended, and to follow what open transactions cost."""
        services = self.services
        pricing = EndedPricing(
            self._pricing_store,
            services.events,
            metrics,
            self._clock,
            self._pricers,
            self._settings.time_zone,
        )
        for each in (pricing, services.running_costs):
            await each.start()
            stack.push_async_callback(each.stop)
        fetching = PriceFetching(PriceSources(self.database), UrlFetcher(), metrics, self._clock)
        task = asyncio.create_task(fetching.run(), name="market prices")
        stack.callback(task.cancel)
        return pricing

    async def _watch_spending(
        self,
        stack: AsyncExitStack,
        commands: CommandService,
        metrics: Metrics,
        loads: LoadManagement,
    ) -> None:
        services, clock = self.services, self._clock
        store = Spending(self.database)
        services.authorization.spending = Admission(store)
        stops = TransactionStops(
            services.charge_points, commands, services.notifications, loads, clock
        )
        stack.push_async_callback(stops.close)
        tokens = services.authorization.cache
        watch = SpendingWatch(
            store, services.events, tokens, services.charge_points, stops, clock, metrics
        )
        settling = self.settling = Settling(Settlements(self.database), services.events, clock)
        telling = CostTelling(
            services.events, services.costs.displays, services.charge_points, commands, clock
        )
        for name, job in (
            ("spending", watch.run()),
            ("settling", settling.run()),
            ("cost displays", telling.run()),
        ):
            task = asyncio.create_task(job, name=name)
            stack.callback(task.cancel)

    def _issue_statements(self, stack: AsyncExitStack, metrics: Metrics) -> None:
        statements = StatementService(IssuedStatements(self.database), self._clock)
        runs = StatementRuns(StatementRunStore(self.database), statements, self._clock)
        runs.start()
        stack.push_async_callback(runs.stop)
        delivery = CdrDelivery(CdrOutbox(self.database), self._clock, metrics)
        delivery.start()
        stack.push_async_callback(delivery.stop)

    def _keep_lists(
        self, stack: AsyncExitStack, commands: CommandService, metrics: Metrics
    ) -> LocalListServices:
        """Begin to keep chargers' lists of tokens, and to note the tokens that nobody entered."""
        store = LocalLists(self.database)
        lists = local_list_services(
            store,
            store,
            commands,
            LIST_DIALECTS,
            self.services,
            metrics,
            delay_s=self._settings.local_list_delay,
        )
        unknown = self.services.authorization.unknown
        unknown.store = UnknownTokenTable(self.database)
        forgetting = ListForgetting(
            self.services.events,
            self.services.charge_points,
            self.services.operations,
            lists.chooser,
            commands,
        )
        for name, job in (
            ("local lists", lists.keeper.run),
            ("unknown tokens", unknown.run),
            ("customers to forget", forgetting.run),
        ):
            task = asyncio.create_task(job(), name=name)
            stack.callback(task.cancel)
        return lists

    def _provision(self, stack: AsyncExitStack, commands: CommandService, links: LiveLinks) -> None:
        """Ask who was approved to boot, and apply templates."""
        services = self.services
        store = ProvisioningStore(self.database)
        approvals = Approvals(services.events, services.charge_points, commands)
        jobs = ConfigurationJobs(
            store,
            DeviceModels(commands, links, store),
            commands,
            services.charge_points,
            services.events,
            self._clock,
            per_minute=self._settings.configuration_jobs_per_minute,
        )
        for name, task in (("approvals", approvals.run()), ("templates", jobs.run())):
            stack.callback(asyncio.create_task(task, name=name).cancel)

    async def _read_meters(
        self,
        stack: AsyncExitStack,
        loads: LoadManagement,
        checks: GuidedChecks,
        store: LoadStore,
        metrics: Metrics,
    ) -> None:
        meters = Meters(
            checks.reading,
            clock=self._clock,
            events=self.services.events,
            secrets=SecretFiles(self._settings.data_dir / "secrets"),
            metrics=metrics,
        )
        stack.push_async_callback(meters.stop)

        async def configured() -> list[MeterConfig]:
            return [
                MeterConfig(
                    id=row["id"],
                    circuit_id=row["circuit_id"],
                    kind=row["kind"],
                    settings=row["settings"],
                )
                for row in await store.enabled_meters()
            ]

        watching = asyncio.create_task(
            watch_meters(meters, configured, loads.is_ours), name="meters"
        )
        stack.callback(watching.cancel)
        self.meters = meters

    def _services(
        self, writer: BatchWriter, metrics: Metrics, authority: BuiltInAuthority
    ) -> Services:
        settings, clock = self._settings, self._clock
        events = Events()
        limit_w = settings.max_plausible_power_w
        store = LiveStore(self.database, max_plausible_power_w=limit_w)
        open_transactions = OpenTransactions(store)
        authorization = AuthorizationService(
            IdTokens(self.database),
            open_transactions,
            clock,
            metrics,
            settings.unknown_id_tokens,
        )
        notifications = NotificationService(writer, events)
        transactions = TransactionService(
            store,
            writer,
            events,
            authorization,
            metrics,
            open_transactions,
            max_plausible_power_w=limit_w,
        )
        charge_points = ChargePointService(
            store,
            writer,
            events,
            clock,
            transactions,
            unknown=settings.unknown_charge_points,
            heartbeat_interval_s=settings.heartbeat_interval,
            pending_interval_s=settings.pending_interval,
            max_pending=settings.max_pending_charge_points,
        )
        return Services(
            clock=clock,
            events=events,
            authorization=authorization,
            certificates=certificate_services(
                settings,
                Certificates(self.database),
                notifications,
                clock,
                authority,
                self._contract_pool,
            ),
            charge_points=charge_points,
            charging_reports=ChargingReportService(notifications, events),
            costs=CostBoard(KnownDisplays(CostDisplays(self.database), clock)),
            data_transfer=DataTransferService(notifications, StoredRules(self.database, clock)),
            monitors=Monitors(
                writer, ProvisioningStore(self.database), MONITOR_READERS, clock, metrics
            ),
            notifications=notifications,
            reports=Reports(writer, events, clock),
            operations=OperationBook(
                Operations(self.database), Displays(self.database), events, clock
            ),
            running_costs=RunningCosts(
                self._pricing_store,
                events,
                charge_points.live,
                metrics,
                clock,
                self._pricers,
                settings.time_zone,
            ),
            security_events=SecurityEventService(notifications, metrics),
            stations=station_services(
                writer,
                notifications,
                Stations(self.database),
                receipt_url=settings.receipt_url,
            ),
            transactions=transactions,
        )
