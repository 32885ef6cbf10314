"""The words everyone shares; no OCPP version, no I/O.

Energy is in watt-hours (Decimal), current in amperes per phase, power in watts, voltage in
volts, time is aware UTC. One charge point has EVSEs, an EVSE has connectors; connector n of
OCPP 1.6 is EVSE n, connector 1, and its connector 0 is EVSE 0 (the charge point as a whole).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final


class OcppVersion(StrEnum):
    """Versions by their WebSocket subprotocol name."""

    V16 = "ocpp1.6"
    V201 = "ocpp2.0.1"
    V21 = "ocpp2.1"


class RegistrationStatus(StrEnum):
    ACCEPTED = "accepted"
    PENDING = "pending"
    REJECTED = "rejected"


class AuthorizationStatus(StrEnum):
    """Answers to "may this token charge?"; OCPP 2.0.1's words, 1.6 knows the first five."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    CONCURRENT_TX = "ConcurrentTx"
    NO_CREDIT = "NoCredit"
    NOT_ALLOWED_TYPE_EVSE = "NotAllowedTypeEVSE"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation"
    NOT_AT_THIS_TIME = "NotAtThisTime"
    UNKNOWN = "Unknown"


class ConnectorStatus(StrEnum):
    """Union of the statuses of both versions; 2.0.1 only has five of them."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EVSE = "SuspendedEVSE"
    SUSPENDED_EV = "SuspendedEV"
    FINISHING = "Finishing"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"
    OCCUPIED = "Occupied"


class Flag(StrEnum):
    """What was odd about a transaction; recorded, never a reason to refuse it."""

    OFFLINE = "offline"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out_of_order"
    MISSING_START = "missing_start"
    MISSING_STOP = "missing_stop"
    MISSING_EVENTS = "missing_events"
    SUPERSEDED = "superseded"
    UNKNOWN_TRANSACTION_ID = "unknown_transaction_id"
    CLOCK_WRONG = "clock_wrong"
    NOT_AUTHORIZED = "not_authorized"
    CHARGED_UNAUTHORIZED = "charged_unauthorized"
    BEFORE_ACCEPTANCE = "before_acceptance"
    METER_START_IMPLAUSIBLE = "meter_start_implausible"
    METER_STOP_IMPLAUSIBLE = "meter_stop_implausible"
    REGISTER_RESET = "register_reset"
    REGISTER_GLITCH = "register_glitch"
    ENERGY_IMPLAUSIBLE = "energy_implausible"
    NO_ENERGY_EVIDENCE = "no_energy_evidence"
    AFTER_STOP = "readings_after_stop"


ID_TOKEN_MAX_LENGTH: Final = 255  # 2.0.1 edition 3 idToken: 255 with additional info; 1.6: 20
NO_TOKEN_TYPE: Final = "NoAuthorization"  # noqa: S105 - the type of a token that is none


@dataclass(frozen=True, slots=True)
class IdToken:
    """An identifier shown to a charger; compared case-insensitively, so stored upper-case."""

    value: str
    type: str = "Central"

    @staticmethod
    def of(raw: str, type_: str = "ISO14443") -> IdToken:
        """Normalise what a charger or an operator wrote: no control characters, no case."""
        return IdToken(normalise_id_token(raw), type_)


def normalise_id_token(raw: str) -> str:
    """Strip control characters and surrounding space, fold to upper case."""
    if raw.isprintable():
        return raw.strip().upper()
    return "".join(c for c in raw if c.isprintable()).strip().upper()


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a whole transaction may come to; None: as much as it likes."""

    money: Decimal | None = None
    """With VAT, in the currency of its tariff."""
    energy_wh: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Authorization:
    """What was decided about an id token."""

    status: AuthorizationStatus
    expires_at: datetime | None = None
    group_id: str | None = None
    reason: str = ""
    prepaid_at: datetime | None = None
    """When the credit of a prepaid token was looked at: it counts for no later moment."""
    allowance: Allowance | None = None
    """Of the transaction that it was about, if anything is limited."""

    @property
    def accepted(self) -> bool:
        return self.status is AuthorizationStatus.ACCEPTED


@dataclass(slots=True)
class MeterValue:
    """The readings an EVSE took at one moment, in SI units.

    The hot measurands have fields of their own; everything else is in `others` as the charger
    sent it (measurand, phase, location, unit, value as text; signed data verbatim).
    Currents and powers are imports at the outlet; `current_a` and `power_w` are readings that
    carry no phase.
    """

    sampled_at: datetime
    context: str = "Sample.Periodic"
    energy_wh: Decimal | None = None
    energy_export_wh: Decimal | None = None
    power_w: float | None = None
    power_offered_w: float | None = None
    current_a: float | None = None
    current_l1_a: float | None = None
    current_l2_a: float | None = None
    current_l3_a: float | None = None
    current_offered_a: float | None = None
    voltage_v: float | None = None
    voltage_l1_v: float | None = None
    voltage_l2_v: float | None = None
    voltage_l3_v: float | None = None
    soc_percent: float | None = None
    others: list[dict[str, Any]] = field(default_factory=list)
    charger_sampled_at: str | None = None
    """The charger's own words, kept where its time had to be corrected."""


@dataclass(frozen=True, slots=True)
class Place:
    """An outlet of a charge point; EVSE 0 is the charge point as a whole."""

    evse_id: int
    connector_id: int = 1
