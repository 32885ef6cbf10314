"""A whole world in memory for the real services: a clock to turn, a store without a disk.

    world = make_world()
    world.add_token("CARD-1")
    charge_point = await world.connect("CP-1")
    await handle(world.services, charge_point, payload, world.clock.now())
    assert world.store.transaction().energy_wh == 1500

The store holds copies of what was committed, as a database would, and the services load them back.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, TypeVar

from unit.operations_in_memory import DisplaysInMemory, OperationsInMemory

from csms.config import Settings
from csms.errors import DatabaseUnavailableError
from csms.events import Event, Events
from csms.handlers.v201.monitors import read_changes
from csms.metrics import Metrics
from csms.model import AuthorizationStatus, OcppVersion, Place, RegistrationStatus
from csms.services.authorization import AuthorizationService
from csms.services.certificates.built_in import BuiltInAuthority
from csms.services.certificates.contract_pool import ContractPool
from csms.services.certificates.door import KnownCertificate
from csms.services.certificates.making import certificate_services
from csms.services.certificates.signing import IssuedCertificate
from csms.services.charge_point import ChargePoint, Connector
from csms.services.charge_points import ChargePointService, UnknownChargePoints
from csms.services.charging_reports import ChargingReportService
from csms.services.cost_display.board import CostBoard
from csms.services.cost_display.displays import KnownDisplays, OperatorsWord
from csms.services.cost_display.pace import Pace
from csms.services.data_transfer import DataTransferService
from csms.services.id_token import IdTokenRecord
from csms.services.notifications import NotificationService
from csms.services.operations.book import OperationBook
from csms.services.pricing.driver_tariffs import DriverTariff, DriverTariffs
from csms.services.pricing.ports import PricingReads, PricingTurn
from csms.services.pricing.pricers import Pricers
from csms.services.pricing.running import RunningCosts
from csms.services.provisioning.monitors import Monitors
from csms.services.provisioning.reports import Report, Reports
from csms.services.records import (
    ConnectorReport,
    LoggedMessage,
    MeterValueRecord,
    Notification,
    Record,
    ReportState,
    ReservationChange,
    VariableMonitor,
    VariableValue,
)
from csms.services.security_events import SecurityEventService
from csms.services.services import Services
from csms.services.station_records import DerControl, DynamicSchedule, EventStream
from csms.services.stations.abilities import Abilities
from csms.services.stations.service import station_services
from csms.services.transactions.model import Transaction
from csms.services.transactions.open_index import OpenTransactions
from csms.services.transactions.service import TransactionService

RecordType = TypeVar("RecordType")

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)


class FakeClock:
    """Time that moves only when a test says so."""

    def __init__(self, start: datetime = NOON) -> None:
        self._now = start
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> datetime:
        """Let time pass; returns the new time."""
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
        return self._now

    def text(self, seconds: float = 0.0) -> str:
        """The time, `seconds` from now, as a good charger writes it."""
        return (self._now + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@dataclass(slots=True)
class MemoryStore:
    """What is durable: provides the stores of `csms.services.ports`."""

    records: list[Record] = field(default_factory=list)
    """Everything that was ever committed, in order."""
    charge_points: dict[str, ChargePoint] = field(default_factory=dict)
    connectors: dict[int, dict[Place, Connector]] = field(default_factory=dict)
    transactions: dict[int, Transaction] = field(default_factory=dict)
    id_tokens: dict[str, IdTokenRecord] = field(default_factory=dict)
    log: list[LoggedMessage] = field(default_factory=list)
    certificates: list[IssuedCertificate] = field(default_factory=list)
    certificate_statuses: dict[int, str] = field(default_factory=dict)
    revoked_certificates: set[int] = field(default_factory=set)
    _next_id: int = 1

    # --- for tests

    def of(self, kind: type[RecordType]) -> list[RecordType]:
        return [record for record in self.records if isinstance(record, kind)]

    @property
    def notifications(self) -> list[Notification]:
        return self.of(Notification)

    @property
    def meter_values(self) -> list[MeterValueRecord]:
        return self.of(MeterValueRecord)

    @property
    def connector_reports(self) -> list[ConnectorReport]:
        return self.of(ConnectorReport)

    @property
    def variables(self) -> list[VariableValue]:
        return self.of(VariableValue)

    @property
    def reservation_changes(self) -> list[ReservationChange]:
        return self.of(ReservationChange)

    def transaction(self) -> Transaction:
        """Return the only transaction there is."""
        (transaction,) = self.transactions.values()
        return transaction

    def keep(self, records: Sequence[Record]) -> None:
        for record in records:
            self.records.append(record)
            if isinstance(record, Transaction):
                self.transactions[record.id] = record
            elif isinstance(record, ChargePoint):
                self.charge_points[record.id.casefold()] = record
            elif isinstance(record, ConnectorReport):
                places = self.connectors.setdefault(record.charge_point_key, {})
                places[record.place] = record.connector

    # --- ChargePointStore

    async def load(self, charge_point_id: str) -> ChargePoint | None:
        stored = self.charge_points.get(charge_point_id.casefold())
        if stored is None:
            return None
        charge_point = copy.deepcopy(stored)
        charge_point.connectors = dict(self.connectors.get(stored.key, {}))
        own = [t for t in self.transactions.values() if t.charge_point_key == stored.key]
        charge_point.open_transactions = {t.id: copy.deepcopy(t) for t in own if t.open}
        ended = sorted((t for t in own if not t.open), key=lambda t: t.id)[-8:]
        charge_point.recent_transactions = {t.id: copy.deepcopy(t) for t in ended}
        return charge_point

    async def count_pending(self) -> int:
        statuses = [each.registration_status for each in self.charge_points.values()]
        return statuses.count(RegistrationStatus.PENDING)

    async def create(
        self, charge_point_id: str, status: RegistrationStatus, now: datetime
    ) -> ChargePoint:
        identity = charge_point_id.casefold()
        if identity not in self.charge_points:
            key = len(self.charge_points) + 1
            self.charge_points[identity] = ChargePoint(key, charge_point_id, status)
        return copy.deepcopy(self.charge_points[identity])

    async def raise_security_profile(self, charge_point_id: str, profile: int) -> None:
        stored = self.charge_points[charge_point_id.casefold()]
        stored.security_profile = max(stored.security_profile, profile)

    # --- MonitorStore

    async def monitor_severities(self, charge_point_key: int) -> Mapping[int, int]:
        own = [m for m in self.of(VariableMonitor) if m.charge_point_key == charge_point_key]
        return {monitor.monitor_id: monitor.severity for monitor in own}

    # --- TransactionStore

    async def next_ids(self, count: int) -> Sequence[int]:
        first, self._next_id = self._next_id, self._next_id + count
        return range(first, first + count)

    async def find(self, charge_point_key: int, ocpp_transaction_id: str) -> Transaction | None:
        for transaction in sorted(self.transactions.values(), key=lambda t: -t.id):
            if transaction.charge_point_key == charge_point_key and ocpp_transaction_id in (
                transaction.ocpp_transaction_id,
                transaction.claimed_id,
            ):
                return copy.deepcopy(transaction)
        return None

    async def open_ids(self, id_token: str) -> Sequence[int]:
        granted = (None, AuthorizationStatus.ACCEPTED)
        return [
            t.id
            for t in self.transactions.values()
            if t.open and t.id_token == id_token and t.authorization_status in granted
        ]


@dataclass(frozen=True, slots=True)
class MemoryCertificates:
    """Provides the stores of `csms.services.certificates`."""

    store: MemoryStore

    async def add(self, certificate: IssuedCertificate) -> int:
        number = len(self.store.certificates) + 1
        self.store.certificates.append(replace(certificate, id=number))
        return number

    async def answering(
        self, charge_point_key: int, request_digest: bytes
    ) -> IssuedCertificate | None:
        for each in reversed(self.store.certificates):
            asked = (each.charge_point_key, each.request_digest)
            if asked == (charge_point_key, request_digest):
                return None if each.id in self.store.revoked_certificates else each
        return None

    async def settle(self, certificate_id: int, status: str, at: datetime) -> None:
        self.store.certificate_statuses[certificate_id] = status

    async def names_another(self, charge_point_key: int, name: str) -> bool:
        return any(
            name.casefold() in (each.id.casefold(), (each.serial_number or "").casefold())
            for each in self.store.charge_points.values()
            if each.key != charge_point_key
        )

    async def known(self, fingerprint: bytes) -> KnownCertificate | None:
        for each in self.store.certificates:
            if each.fingerprint == fingerprint:
                revoked = each.id in self.store.revoked_certificates
                return KnownCertificate(each.charge_point_key, revoked, each.security_profile)
        return None


@dataclass(frozen=True, slots=True)
class MemoryIdTokens:
    """Provides `csms.services.ports.IdTokenStore`."""

    store: MemoryStore

    async def find(self, id_token: str) -> IdTokenRecord | None:
        return self.store.id_tokens.get(id_token)


class MemoryDisplays:
    """Provides `csms.services.cost_display.displays.DisplayStore`: no charger shows costs."""

    async def of_vendor(self, vendor: str) -> OperatorsWord | None:
        return None

    async def says_it_can(self, charge_point_key: int) -> bool:
        return False


class Unannounced:
    """Provides `csms.services.stations.service.AnnouncementStore`: no station can do anything."""

    async def abilities(self, charge_point_key: int) -> Abilities:
        return Abilities()

    async def told_limits(
        self, charge_point_key: int, ocpp_transaction_id: str
    ) -> Mapping[str, Decimal]:
        return {}


class NoDriverTariffs:
    """Provides `csms.services.pricing.driver_tariffs.DriverTariffStore`: nobody has one."""

    async def driver_tariff(
        self, charge_point_id: str, id_token: str, at: datetime
    ) -> DriverTariff | None:
        return None


class KeptReports:
    """The reports in a memory store, as the database hands them out."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def _states(self) -> dict[tuple[int, int], ReportState]:
        states = self._store.of(ReportState)
        return {(each.charge_point_key, each.request_id): each for each in states}

    async def kept_report(self, charge_point_key: int, request_id: int) -> Report | None:
        state = self._states().get((charge_point_key, request_id))
        return None if state is None else Report.of("CP-1", state)

    async def abandoned_reports(self, latest: datetime, limit: int) -> list[Report]:
        found = [each for each in self._states().values() if each.updated_at < latest]
        left = [each for each in found if each.status in ("requested", "receiving")]
        return [Report.of("CP-1", each) for each in left[:limit]]


@dataclass(frozen=True, slots=True)
class MemoryStations:
    """Provides `csms.services.stations.service.StationStore`."""

    store: MemoryStore

    async def count_der_controls(self, charge_point_key: int) -> int:
        controls = self.store.of(DerControl)
        ids = {c.control_id for c in controls if c.charge_point_key == charge_point_key}
        return len(ids)

    async def count_open_streams(self, charge_point_key: int) -> int:
        latest = {
            stream.stream_id: stream.is_open
            for stream in self.store.of(EventStream)
            if stream.charge_point_key == charge_point_key and stream.is_open is not None
        }
        return sum(map(bool, latest.values()))

    async def dynamic_limits(
        self, charge_point_key: int, profile_id: int
    ) -> dict[str, float] | None:
        for schedule in reversed(self.store.of(DynamicSchedule)):
            if (schedule.charge_point_key, schedule.profile_id) == (charge_point_key, profile_id):
                return schedule.limits
        return None


class MemoryRecorder:
    """Provides `csms.services.records.Recorder`; a test can hold commits back."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._open = asyncio.Event()
        self._open.set()
        self._later: list[Record] = []

    def commit(self, *records: Record) -> Awaitable[None]:
        copies = [*self._later, *copy.deepcopy(records)]
        self._later.clear()
        return self._commit(copies)

    def later(self, *records: Record) -> None:
        self._later.extend(copy.deepcopy(records))

    async def database_back(self) -> None:
        await self._open.wait()

    def log(self, message: LoggedMessage) -> None:
        self._store.log.append(message)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every commit waiting inside, as a database that is away does."""
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    async def _commit(self, records: Sequence[Record]) -> None:
        await self._open.wait()
        self._store.keep(records)


class RecordedEvents(Events):
    """Events that a test can look back at."""

    def __init__(self) -> None:
        super().__init__()
        self.published: list[Event] = []

    def watched(self, kind: type[Event]) -> bool:
        return True

    def publish(self, event: Event) -> None:
        self.published.append(event)
        super().publish(event)


@dataclass(frozen=True, slots=True)
class World:
    clock: FakeClock
    events: RecordedEvents
    metrics: Metrics
    store: MemoryStore
    recorder: MemoryRecorder
    services: Services

    async def connect(
        self, charge_point_id: str = "CP-1", version: OcppVersion = OcppVersion.V16
    ) -> ChargePoint:
        """Connect a charge point, as the gateway does; unknown ones as the policy says."""
        admitted = await self.services.charge_points.admit(charge_point_id)
        assert admitted is not None, f"{charge_point_id} was refused"
        return self.services.charge_points.connected(admitted, version)

    def add_token(self, id_token: str, **fields: Any) -> IdTokenRecord:
        """Let the operator enter an id token, accepted unless `fields` say otherwise."""
        record = IdTokenRecord(id_token.upper(), "ISO14443", AuthorizationStatus.ACCEPTED)
        record = replace(record, **fields)
        self.store.id_tokens[record.id_token] = record
        self.services.authorization.cache.forget(record.id_token)
        return record


class NoPrices:
    """Tariffs, of which there are none."""

    def look(self) -> AbstractAsyncContextManager[PricingReads]:
        raise DatabaseUnavailableError("there are no tariffs here")

    def turn(self, *, wait: bool = False) -> AbstractAsyncContextManager[PricingTurn | None]:
        raise DatabaseUnavailableError("there are no tariffs here")

    async def waiting(self) -> int:
        return 0


def make_world(
    *,
    unknown: UnknownChargePoints = "accept",
    unknown_id_tokens: Literal["reject", "accept"] = "reject",
    id_token_mark: str | None = None,
    heartbeat_interval_s: int = 300,
    max_plausible_power_w: int = 1_000_000,
    contract_pool: ContractPool | None = None,
    **settings: Any,
) -> World:
    """Wire the real services to a fresh store in memory."""
    clock, events, metrics, store = FakeClock(), RecordedEvents(), Metrics(), MemoryStore()
    recorder = MemoryRecorder(store)
    options = Settings(**{"certificate_signing": "by-hand", **settings})
    open_transactions = OpenTransactions(store)
    authorization = AuthorizationService(
        MemoryIdTokens(store), open_transactions, clock, metrics, unknown_id_tokens, id_token_mark
    )
    notifications = NotificationService(recorder, events)
    transactions = TransactionService(
        store,
        recorder,
        events,
        authorization,
        metrics,
        open_transactions,
        max_plausible_power_w=max_plausible_power_w,
    )
    charge_points = ChargePointService(
        store,
        recorder,
        events,
        clock,
        transactions,
        unknown=unknown,
        heartbeat_interval_s=heartbeat_interval_s,
    )
    services = Services(
        clock=clock,
        events=events,
        authorization=authorization,
        certificates=certificate_services(
            options,
            MemoryCertificates(store),
            notifications,
            clock,
            metrics,
            BuiltInAuthority(
                options.data_dir, clock, validity=timedelta(days=options.certificate_days)
            ),
            contract_pool,
        ),
        charge_points=charge_points,
        charging_reports=ChargingReportService(notifications, events),
        costs=CostBoard(KnownDisplays(MemoryDisplays(), clock), Pace(clock)),
        data_transfer=DataTransferService(notifications),
        driver_tariffs=DriverTariffs(NoDriverTariffs(), notifications, clock),
        monitors=Monitors(recorder, store, {OcppVersion.V201: read_changes}, clock, metrics),
        notifications=notifications,
        reports=Reports(recorder, events, clock, KeptReports(store)),
        running_costs=RunningCosts(
            NoPrices(), events, charge_points, metrics, clock, Pricers(), "UTC"
        ),
        operations=OperationBook(OperationsInMemory(), DisplaysInMemory(), events, clock),
        security_events=SecurityEventService(notifications, metrics),
        stations=station_services(
            recorder, notifications, MemoryStations(store), Unannounced(), clock
        ),
        transactions=transactions,
    )
    return World(clock, events, metrics, store, recorder, services)
