"""Charging profiles without an OCPP version: what 1.6, 2.0.1 and 2.1 all can say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from csms.smart_charging.grid import Unit


class Purpose(StrEnum):
    """Which register of the charge point a profile goes to; never that of an external EMS."""

    STATION_MAX = "station_max"
    """1.6 ChargePointMaxProfile, 2.0.1 ChargingStationMaxProfile; EVSE 0 only."""
    TX_DEFAULT = "tx_default"
    TX = "tx"


class Kind(StrEnum):
    ABSOLUTE = "absolute"
    RELATIVE = "relative"


@dataclass(frozen=True, slots=True)
class Period:
    """From `start_s` after the schedule's start: this limit, A per phase or W over all phases."""

    start_s: int
    limit: float
    phases: int | None = None
    phase_to_use: int | None = None
    """2.0.1 phaseToUse, the EVSE's own numbering 1..3; only with `phases` 1 (K01.FR.19)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingProfile:
    """One profile with one schedule.

    `start_at` is the schedule's startSchedule, None for RELATIVE. `transaction_id` is ours and
    `ocpp_transaction_id` the charge point's own, both set for Purpose.TX alone.
    """

    profile_id: int
    purpose: Purpose
    stack_level: int
    kind: Kind
    unit: Unit
    periods: tuple[Period, ...]
    start_at: datetime | None = None
    duration_s: int | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction_id: int | None = None
    ocpp_transaction_id: str | None = None
