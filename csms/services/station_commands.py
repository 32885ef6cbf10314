"""Commands that OCPP 2.1 alone has: tariffs and the grid's settings at stations, and more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

from csms.model import IdToken
from csms.tariff.model import Tariff


@dataclass(frozen=True, slots=True)
class OwnTariff:
    """One of our tariffs, as it is on a day of the station's site."""

    tariff: Tariff
    day: date


@dataclass(frozen=True, slots=True)
class SetDefaultTariff:
    """The tariff of whoever has none of their own (I07)."""

    evse_id: int
    """0: every EVSE."""
    tariff: dict[str, Any] | OwnTariff
    """As OCPP writes it, or one of ours."""


@dataclass(frozen=True, slots=True)
class GetTariffs:
    evse_id: int
    """0: every EVSE."""


@dataclass(frozen=True, slots=True)
class ClearTariffs:
    tariff_ids: tuple[str, ...] = ()
    """Empty: all of the EVSE."""
    evse_id: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeTransactionTariff:
    ocpp_transaction_id: str
    tariff: dict[str, Any] | OwnTariff
    """As OCPP writes it, or one of ours; in the currency of the one it takes the place of (I11)."""


@dataclass(frozen=True, slots=True)
class UpdateDynamicSchedule:
    """New values of a dynamic charging profile, in force at once (K28)."""

    profile_id: int
    limits: Mapping[str, float]
    """By OCPP's names, such as limit and setpoint_L2; in A or W, as the profile says."""


@dataclass(frozen=True, slots=True)
class SetDerControl:
    """A setting for distributed energy resources (R04)."""

    control_id: str
    control_type: str
    is_default: bool
    settings: Mapping[str, Any]
    """As OCPP writes them: the one field that belongs to the type."""


@dataclass(frozen=True, slots=True)
class GetDerControls:
    """By id, or by type and kind; they come in ReportDERControls of their own."""

    control_id: str | None = None
    control_type: str | None = None
    is_default: bool | None = None


@dataclass(frozen=True, slots=True)
class ClearDerControls:
    """One by its id, or all default (or all scheduled) ones, of a type or of all."""

    is_default: bool
    control_id: str | None = None
    control_type: str | None = None


@dataclass(frozen=True, slots=True)
class UsePriorityCharging:
    ocpp_transaction_id: str
    activate: bool


@dataclass(frozen=True, slots=True)
class RequestBatterySwap:
    """Offer batteries to somebody who may have them (S02.FR.03)."""

    id_token: IdToken


@dataclass(frozen=True, slots=True)
class NotifyAllowedEnergyTransfer:
    ocpp_transaction_id: str
    transfers: tuple[str, ...]
    """Such as AC_single_phase or DC_BPT."""


@dataclass(frozen=True, slots=True)
class AdjustEventStream:
    stream_id: int
    interval_s: int | None = None
    values_per_message: int | None = None


@dataclass(frozen=True, slots=True)
class GetEventStreams:
    pass


@dataclass(frozen=True, slots=True)
class SendAfrrSignal:
    """A signal of the grid's frequency restoration (Q08)."""

    signal: int
    at: datetime


@dataclass(frozen=True, slots=True)
class NotifyWebPaymentStarted:
    """Somebody pays for an EVSE on a web page: it is kept for them meanwhile (C25)."""

    evse_id: int
    timeout_s: int


StationCommand: TypeAlias = (
    AdjustEventStream
    | ChangeTransactionTariff
    | ClearDerControls
    | ClearTariffs
    | GetDerControls
    | GetEventStreams
    | GetTariffs
    | NotifyAllowedEnergyTransfer
    | NotifyWebPaymentStarted
    | RequestBatterySwap
    | SendAfrrSignal
    | SetDefaultTariff
    | SetDerControl
    | UpdateDynamicSchedule
    | UsePriorityCharging
)
