"""What is known of a transaction, and the messages that tell of it, in no OCPP version."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from csms.model import Authorization, AuthorizationStatus, Flag, IdToken, MeterValue, OcppVersion


@dataclass(slots=True)
class RegisterRun:
    """A stretch of meter readings in which the energy register never fell.

    The second reading is known too, because only it can tell that the first was a glitch.
    """

    first_at: datetime
    first_wh: Decimal
    last_at: datetime
    last_wh: Decimal
    count: int = 1
    second_at: datetime | None = None
    second_wh: Decimal | None = None


@dataclass(slots=True)
class Transaction:
    """One charging transaction: everything that was said about it, and what follows from it."""

    id: int
    charge_point_key: int
    evse_id: int
    connector_id: int
    ocpp_version: OcppVersion
    ocpp_transaction_id: str
    started_at: datetime
    id_token: str | None = None
    id_token_type: str | None = None
    id_token_group: str | None = None
    authorization_status: AuthorizationStatus | None = None
    stop_id_token: str | None = None
    reservation_id: int | None = None
    remote_start_id: int | None = None
    stopped_at: datetime | None = None
    charger_started_at: str | None = None
    charger_stopped_at: str | None = None
    start_received_at: datetime | None = None
    stop_received_at: datetime | None = None
    meter_start_wh: Decimal | None = None
    meter_stop_wh: Decimal | None = None
    energy_wh: Decimal | None = None
    energy_source: str | None = None
    last_reading_at: datetime | None = None
    power_w: float | None = None
    """By the latest reading; not stored."""
    charging_state: str | None = None
    stop_reason: str | None = None
    flags: set[Flag] = field(default_factory=set)
    runs: list[RegisterRun] = field(default_factory=list)
    """Evidence from readings, in time order."""
    seen_seq: list[tuple[int, int]] = field(default_factory=list)
    """Sequence numbers received (2.0.1), as sorted inclusive ranges."""
    last_seq: int | None = None
    """Sequence number of the Ended event, once it came."""
    token_rank: int | None = None
    """How early the id token was named (2.0.1); the earliest pays."""
    state_rank: tuple[datetime, int] | None = None
    """Time and sequence number of the event that told the charging state (2.0.1)."""
    start_corrected: bool = False
    """Whether a wrong clock was already allowed for in its start."""
    claimed_id: str | None = None
    """The id a 1.6 charger used instead of ours."""

    @property
    def open(self) -> bool:
        return self.stopped_at is None

    @property
    def start_known(self) -> bool:
        """Whether the charger told of the beginning, rather than we inferred it."""
        return self.start_received_at is not None

    @property
    def stop_known(self) -> bool:
        """Whether the charger told of the end, rather than we inferred it."""
        return self.stop_received_at is not None

    @property
    def inferred(self) -> bool:
        """Whether it was found in meter readings alone: no message ever told of it."""
        return not (
            self.start_known
            or self.stop_known
            or self.claimed_id is not None
            or self.seen_seq
            or self.id_token is not None
            or self.ocpp_transaction_id != str(self.id)
        )


@dataclass(slots=True)  # not frozen: made for every message
class Start:
    """OCPP 1.6 StartTransaction."""

    evse_id: int
    connector_id: int
    id_token: IdToken
    meter_start_wh: Decimal | None
    charger_time: str | None
    reservation_id: int | None = None


@dataclass(slots=True)  # not frozen: made for every message
class StartAnswer:
    transaction_id: int
    authorization: Authorization


@dataclass(slots=True)  # not frozen: made for every message
class Stop:
    """OCPP 1.6 StopTransaction."""

    transaction_id: int
    meter_stop_wh: Decimal | None
    charger_time: str | None
    id_token: IdToken | None = None
    reason: str | None = None
    meter_values: tuple[MeterValue, ...] = ()


@dataclass(slots=True)  # not frozen: made for every message
class MeterReport:
    """MeterValues of both versions; 2.0.1 never names a transaction here."""

    evse_id: int
    connector_id: int
    meter_values: tuple[MeterValue, ...]
    transaction_id: int | None = None


@dataclass(slots=True)  # not frozen: made for every message
class TransactionEvent:
    """OCPP 2.0.1 TransactionEvent; `kind` is Started, Updated or Ended."""

    kind: str
    ocpp_transaction_id: str
    seq_no: int
    charger_time: str | None
    trigger_reason: str
    offline: bool = False
    evse_id: int | None = None
    connector_id: int | None = None
    id_token: IdToken | None = None
    charging_state: str | None = None
    stopped_reason: str | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None
    meter_values: tuple[MeterValue, ...] = ()

    @property
    def stopping(self) -> bool:
        """Whether a token in it was shown to stop, not to start (E07.FR.02)."""
        return self.kind == "Ended" or self.trigger_reason == "StopAuthorized"


@dataclass(slots=True)  # not frozen: made for every message
class TransactionEventAnswer:
    transaction_id: int
    authorization: Authorization | None = None
