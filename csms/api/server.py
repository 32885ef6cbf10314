"""The admin API as a server: everything under one port."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final

from aiohttp import web

from csms.api.auth import Authenticator
from csms.api.context import Context, Issuing, LiveLinks, RunningMeters
from csms.api.file_door import FILES_PATTERN
from csms.api.middleware import counting, door, errors_as_problems, safe_headers
from csms.api.operation_routes import OperationServices, operation_routes
from csms.api.reservation_book import ReservationBook
from csms.api.resources.account_entries import AccountEntries
from csms.api.resources.accounts import Accounts
from csms.api.resources.administration import Administration
from csms.api.resources.allocations import Allocations
from csms.api.resources.availability import Availability
from csms.api.resources.cdrs import Cdrs
from csms.api.resources.certificates import Certificates
from csms.api.resources.charge_points import ChargePoints
from csms.api.resources.charging_limits import ChargingLimits
from csms.api.resources.charging_needs import ChargingNeeds
from csms.api.resources.charging_profiles import ChargingProfiles
from csms.api.resources.circuits import Circuits
from csms.api.resources.commands import Commands
from csms.api.resources.commissioning_checks import CommissioningChecks
from csms.api.resources.configuration import Configuration
from csms.api.resources.configuration_templates import ConfigurationTemplates
from csms.api.resources.cost_calculations import CostCalculations
from csms.api.resources.cost_displays import CostDisplays
from csms.api.resources.description import PUBLIC, add_description
from csms.api.resources.device_reports import DeviceReports
from csms.api.resources.emissions import EmissionReports
from csms.api.resources.event_stream import EventStream
from csms.api.resources.evses import Evses
from csms.api.resources.grid_regions import GridRegions
from csms.api.resources.health import HealthChecks, Readiness
from csms.api.resources.history import History
from csms.api.resources.id_token_groups import IdTokenGroups
from csms.api.resources.id_tokens import IdTokens
from csms.api.resources.limit_orders import LimitOrders
from csms.api.resources.load_alarms import LoadAlarms
from csms.api.resources.local_lists import LocalLists
from csms.api.resources.meter_health import MeterHealths
from csms.api.resources.meters import Meters
from csms.api.resources.monitors import MonitorsOfVariables
from csms.api.resources.passwords import Passwords
from csms.api.resources.price_sources import PriceSources
from csms.api.resources.prices import Prices
from csms.api.resources.pricing import Pricing
from csms.api.resources.reservations import Reservations
from csms.api.resources.rotation_advice import RotationAdvice
from csms.api.resources.signed_readings import SignedReadings
from csms.api.resources.sites import Sites
from csms.api.resources.spending_limits import SpendingLimits
from csms.api.resources.statement_issuers import StatementIssuers
from csms.api.resources.statement_runs import StatementRuns
from csms.api.resources.statements import Statements
from csms.api.resources.station_commands import StationCommands
from csms.api.resources.station_reports import StationReports
from csms.api.resources.tariff_assignments import TariffAssignments
from csms.api.resources.tariffs import Tariffs
from csms.api.resources.transactions import Transactions
from csms.api.resources.unknown_tokens import UnknownTokens
from csms.api.resources.users import UserGroups, Users
from csms.api.route import Route
from csms.api.route_table import add_routes
from csms.config import Settings
from csms.meters.guided_check import GuidedChecks
from csms.metrics import Metrics
from csms.services.commanding import CommandService
from csms.services.load_management.ports import LoadView, MeterInbox
from csms.services.local_list.service import LocalListServices
from csms.services.operator_limits import SteeredEvses
from csms.services.pricing.ended import EndedPricing
from csms.services.services import Services
from csms.store.database import Database

SHUTDOWN_TIMEOUT_S: Final = 1.0
MAX_REQUEST_LINE_BYTES: Final = 65_536
"""Room for every filter at its full length, percent-encoded."""


class Api:
    """The admin API; `port` is the real one once it has started."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        services: Services,
        commands: CommandService,
        links: LiveLinks,
        metrics: Metrics,
        readiness: Sequence[Readiness] = (),
        *,
        meters: MeterInbox | None = None,
        loads: LoadView | None = None,
        steered: SteeredEvses | None = None,
        running_meters: RunningMeters | None = None,
        checks: GuidedChecks | None = None,
        local_lists: LocalListServices | None = None,
        pricing: EndedPricing | None = None,
        issuing: Issuing | None = None,
        operations: OperationServices | None = None,
    ) -> None:
        self._settings = settings
        self._local_lists = local_lists
        self._operations = operations
        self._context = Context(
            settings,
            database,
            services,
            commands,
            links,
            metrics,
            meters,
            loads,
            steered,
            running_meters,
            checks,
            pricing,
            issuing,
        )
        self._readiness = readiness
        self._events = EventStream(self._context)
        self._runner: web.AppRunner | None = None
        self.port = settings.api_port

    async def start(self) -> None:
        """Listen; raises OSError if the address is taken."""
        runner = web.AppRunner(
            self._application(),
            access_log=None,
            shutdown_timeout=SHUTDOWN_TIMEOUT_S,
            max_line_size=MAX_REQUEST_LINE_BYTES,
        )
        await runner.setup()
        self._runner = runner
        site = web.TCPSite(runner, self._settings.api_host, self._settings.api_port)
        await site.start()
        self.port = runner.addresses[0][1]

    async def stop(self) -> None:
        """End the event streams, let requests finish for a moment, close."""
        self._events.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _application(self) -> web.Application:
        authenticator = Authenticator(self._context.database, self._context.clock)
        routes = self._routes(authenticator)
        public = frozenset(route.path for route in routes if route.public) | PUBLIC
        files = None if self._operations is None else self._operations.door
        if files is not None:
            public |= {FILES_PATTERN}
        application = web.Application(
            client_max_size=self._settings.max_frame_bytes,
            middlewares=[
                counting(self._context.metrics),
                safe_headers,
                errors_as_problems,
                door(authenticator, public),
            ],
        )
        add_routes(application, routes, max_json_depth=self._settings.max_json_depth)
        if files is not None:
            files.add_to(application)
        add_description(application, routes)
        return application

    def _routes(self, authenticator: Authenticator) -> list[Route[Any, Any]]:
        context = self._context
        book = ReservationBook(context.database)

        def revoked() -> None:
            authenticator.forget()
            self._events.close()

        return list(
            chain(
                ChargePoints(context).routes(),
                History(context).routes(),
                Commands(context, book).routes(),
                Availability(context).routes(),
                Configuration(context).routes(),
                Passwords(context).routes(),
                ConfigurationTemplates(context).routes(),
                DeviceReports(context).routes(),
                MonitorsOfVariables(context).routes(),
                ChargingLimits(context).routes(),
                ChargingProfiles(context).routes(),
                Certificates(context).routes(),
                Reservations(context, book).routes(),
                IdTokens(context).routes(),
                IdTokenGroups(context).routes(),
                UnknownTokens(context).routes(),
                *self._lists(),
                Transactions(context).routes(),
                SignedReadings(context).routes(),
                ChargingNeeds(context).routes(),
                *_pricing(context),
                StationCommands(context).routes(),
                StationReports(context).routes(),
                *_installations(context),
                *_spending(context),
                *self._operation_routes(),
                *_statements(context),
                self._events.routes(),
                Administration(context, revoked).routes(),
                HealthChecks(context, self._readiness).routes(),
            )
        )

    def _lists(self) -> Iterator[Sequence[Route[Any, Any]]]:
        if self._local_lists is not None:
            yield LocalLists(self._context, self._local_lists).routes()

    def _operation_routes(self) -> Iterator[Sequence[Route[Any, Any]]]:
        if self._operations is not None:
            yield from operation_routes(self._context, self._operations)


def _pricing(context: Context) -> Iterator[Sequence[Route[Any, Any]]]:
    """The routes of tariffs and of who pays."""
    yield Users(context).routes()
    yield UserGroups(context).routes()
    yield Tariffs(context).routes()
    yield TariffAssignments(context).routes()
    yield CostCalculations(context).routes()
    yield PriceSources(context).routes()
    yield Pricing(context).routes()


def _installations(context: Context) -> Iterator[Sequence[Route[Any, Any]]]:
    """The routes of load management."""
    yield Sites(context).routes()
    yield Allocations(context).routes()
    yield RotationAdvice(context).routes()
    yield Prices(context).routes()
    yield Circuits(context).routes()
    yield Evses(context).routes()
    yield MeterHealths(context).routes()
    yield CommissioningChecks(context).routes()
    yield Meters(context).routes()
    yield LimitOrders(context).routes()
    yield LoadAlarms(context).routes()


def _spending(context: Context) -> Iterator[Sequence[Route[Any, Any]]]:
    """The routes of prepaid accounts, limits, who is told costs, and emissions."""
    yield Accounts(context).routes()
    yield AccountEntries(context).routes()
    yield SpendingLimits(context).routes()
    yield CostDisplays(context).routes()
    yield GridRegions(context).routes()
    yield EmissionReports(context).routes()


def _statements(context: Context) -> Iterator[Sequence[Route[Any, Any]]]:
    """The routes of what is owed for a month."""
    yield StatementIssuers(context).routes()
    yield StatementRuns(context).routes()
    yield Statements(context).routes()
    yield Cdrs(context).routes()
