"""What the services ask the store to keep, and the promise that comes with it."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from csms.model import MeterValue, Place
from csms.services.charge_point import ChargePoint, Connector
from csms.services.station_records import StationRecord
from csms.services.transactions.model import Transaction


@dataclass(frozen=True, slots=True)
class ConnectorReport:
    """A connector's status as it is now, and a line of its history."""

    charge_point_key: int
    place: Place
    connector: Connector
    received_at: datetime


@dataclass(slots=True)  # not frozen: made for every message
class MeterValueRecord:
    charge_point_key: int
    evse_id: int
    connector_id: int
    transaction_id: int | None
    received_at: datetime
    meter_value: MeterValue


@dataclass(frozen=True, slots=True)
class ChargingStateReport:
    """A charging state that a charge point told of a transaction (2.0.1)."""

    charge_point_key: int
    transaction_id: int
    at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Notification:
    """Something a charge point told that has no table of its own."""

    charge_point_key: int
    kind: str
    severity: str
    summary: str
    data: dict[str, Any]
    at: datetime
    received_at: datetime
    evse_id: int | None = None
    connector_id: int | None = None


@dataclass(frozen=True, slots=True)
class VariableValue:
    """One attribute of one variable of the device model (1.6: a configuration key)."""

    charge_point_key: int
    component: str
    variable: str
    value: str | None
    reported_at: datetime
    component_instance: str = ""
    evse_id: int = 0
    connector_id: int = 0
    variable_instance: str = ""
    attribute: str = "Actual"
    mutability: str | None = None
    characteristics: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ReportState:
    """How far a report that a charge point was asked for has come.

    `status` is one of `csms.services.provisioning.reports`; `scope` says what was asked for.
    """

    charge_point_key: int
    request_id: int
    kind: str
    status: str
    scope: dict[str, Any]
    requested_at: datetime
    updated_at: datetime
    requested_by: str | None = None
    parts: int = 0
    items: int = 0
    missing_parts: tuple[int, ...] = ()
    reason: str | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class VariableMonitor:
    """A monitor of a variable as a charge point told or took it.

    `is_ours` is None where the charge point tells of it: it doesn't say who set it.
    """

    charge_point_key: int
    monitor_id: int
    component: str
    variable: str
    kind: str
    value: float | None
    severity: int
    reported_at: datetime
    component_instance: str = ""
    evse_id: int = 0
    connector_id: int = 0
    variable_instance: str = ""
    transaction: bool = False
    is_ours: bool | None = None


@dataclass(frozen=True, slots=True)
class AvailabilityOrder:
    """What a place was last told to be, and the answer; EVSE 0 is the whole charge point."""

    charge_point_key: int
    evse_id: int
    connector_id: int
    """0: the whole EVSE."""
    operative: bool
    status: str
    ordered_at: datetime


@dataclass(frozen=True, slots=True)
class MonitorCleared:
    charge_point_key: int
    monitor_id: int


@dataclass(frozen=True, slots=True)
class OldMonitorsGone:
    """What a complete report did not tell of: the monitors last heard of before it."""

    charge_point_key: int
    reported_before: datetime


@dataclass(frozen=True, slots=True)
class OwnMonitorsGone:
    """A charge point went back to a base: what was set by an operator is gone."""

    charge_point_key: int


@dataclass(frozen=True, slots=True)
class ReservationChange:
    """A reservation's new status; unknown reservations are ignored by the store."""

    charge_point_key: int
    reservation_id: int
    status: str
    at: datetime
    transaction_id: int | None = None


@dataclass(frozen=True, slots=True)
class ReservationUse:
    """A transaction that named no reservation: it uses the one that is kept for its token, if any.

    H03.FR.09: showing the token is what uses it; not all charge points tell the number.
    """

    charge_point_key: int
    evse_id: int
    id_token: str
    group_id: str | None
    transaction_id: int
    at: datetime


@dataclass(slots=True)  # not frozen: made for every message
class LoggedMessage:
    """One exchange of the message log: a CALL and what was answered."""

    charge_point_key: int
    received_at: datetime
    ocpp_version: str
    from_charge_point: bool
    message_id: str | None
    action: str | None
    request: str | None
    response: str | None
    outcome: str
    repairs: tuple[str, ...] = ()
    duration_s: float | None = None


Record: TypeAlias = (
    AvailabilityOrder
    | ChargePoint
    | ChargingStateReport
    | ConnectorReport
    | MeterValueRecord
    | MonitorCleared
    | Notification
    | OldMonitorsGone
    | OwnMonitorsGone
    | ReportState
    | ReservationChange
    | ReservationUse
    | StationRecord
    | Transaction
    | VariableMonitor
    | VariableValue
)


class Recorder(Protocol):
    """Keeps records; many callers share one database commit."""

    def commit(self, *records: Record) -> Awaitable[None]:
        """Take a copy of the records now; the awaitable ends when they are durable.

        While the database is away it just takes longer: nothing is given up.
        """
        ...

    def later(self, *records: Record) -> None:
        """Keep the records with the next commit; nobody waits for it."""
        ...

    async def database_back(self) -> None:
        """Return once the database answers; for who found it away while he read."""
        ...

    def log(self, message: LoggedMessage) -> None:
        """Keep a line of the message log if there is room; the log never delays anything."""
        ...
