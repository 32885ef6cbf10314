"""What charging stations of OCPP 2.1 tell beyond transactions, as the store keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final, TypeAlias

REPEATED_WITHIN: Final = timedelta(days=1)
"""The same told again this soon is a repeat, because an answer was lost; later it is news."""


def content_digest(*content: object) -> int:
    """Return a number of 64 bits (with sign) that tells contents apart."""
    digest = blake2b(repr(content).encode("utf-8", "backslashreplace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A payment at a station's terminal came to an end (C19 to C22)."""

    charge_point_key: int
    psp_ref: str
    """The payment service provider's reference; empty if none was given."""
    status: str
    """Settled, Canceled, Rejected or Failed."""
    amount: Decimal | None
    settled_at: datetime
    received_at: datetime
    told: dict[str, Any]
    """The whole message: nothing of a payment is dropped."""
    ocpp_transaction_id: str | None = None
    status_info: str | None = None
    receipt_id: str | None = None
    receipt_url: str | None = None
    vat_number: str | None = None
    vat_company: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySwapEvent:
    """Batteries went into a swap station, came out of it, or were left there (S03)."""

    charge_point_key: int
    event: str
    received_at: datetime
    request_id: int | None = None
    id_token: str | None = None
    id_token_type: str | None = None
    batteries: tuple[dict[str, Any], ...] = ()

    @property
    def digest(self) -> int:
        """Of everything that was told: nothing in it says when it happened."""
        batteries = [sorted(battery.items()) for battery in self.batteries]
        return content_digest(self.event, self.request_id, self.id_token, batteries)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionDetails:
    """What a station tells of a transaction beside its energy; None: nothing new."""

    charge_point_key: int
    ocpp_transaction_id: str
    updated_at: datetime
    tariff_id: str | None = None
    operation_mode: str | None = None
    preconditioning_status: str | None = None
    evse_sleep: bool | None = None
    priority_charging: bool | None = None
    transaction_limit: dict[str, Any] | None = None
    cost_details: dict[str, Any] | None = None

    @property
    def is_empty(self) -> bool:
        return all(
            each is None
            for each in (
                self.tariff_id,
                self.operation_mode,
                self.preconditioning_status,
                self.evse_sleep,
                self.priority_charging,
                self.transaction_limit,
                self.cost_details,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DerControl:
    """A setting for distributed energy resources that a station holds (R04)."""

    charge_point_key: int
    control_id: str
    control_type: str
    told_at: datetime
    settings: dict[str, Any]
    """As OCPP writes them."""
    is_default: bool | None = None
    is_superseded: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DerControlRun:
    """A setting came into force or ended."""

    charge_point_key: int
    control_id: str
    is_running: bool
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStream:
    """A periodic event stream (N11 to N15); None: not told by this message."""

    charge_point_key: int
    stream_id: int
    variable_monitoring_id: int | None = None
    interval_s: int | None = None
    values_per_message: int | None = None
    is_open: bool | None = None
    changed_at: datetime | None = None
    """When it was opened or closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStreamProgress:
    """The latest of what came; streams that nobody opened are ignored by the store."""

    charge_point_key: int
    stream_id: int
    pending: int | None
    last_value_at: datetime
    last_value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicSchedule:
    """The latest values of a dynamic charging profile (K28)."""

    charge_point_key: int
    profile_id: int
    limits: dict[str, float]
    """By OCPP's names, such as limit and setpoint_L2; in A or W, as the profile says."""
    updated_at: datetime
    evse_id: int | None = None


StationRecord: TypeAlias = (
    BatterySwapEvent
    | DerControl
    | DerControlRun
    | DynamicSchedule
    | EventStream
    | EventStreamProgress
    | Settlement
    | TransactionDetails
)
