"""What the core needs to know of a transaction to price it: plain values from the shell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class Reading(NamedTuple):
    """The energy register at a moment (aware)."""

    at: datetime
    register_wh: Decimal


class Activity(StrEnum):
    """What an EVSE with a vehicle does."""

    CHARGING = "charging"
    PARKED = "parked"
    """The vehicle takes nothing, though it could."""
    WITHHELD = "withheld"
    """The charge point gives nothing (load management, a fault): nobody's idle time."""
    UNKNOWN = "unknown"
    """Nothing tells; nobody pays for it by time."""


class Spell(NamedTuple):
    """What a charge point itself told of its activity over a time."""

    start: datetime
    end: datetime
    activity: Activity


@dataclass(frozen=True, slots=True)
class Usage:
    """A transaction's time and energy.

    `energy_wh` is the energy that was found for it, by the best evidence; readings only tell when
    it flowed. None: nothing is known. While it runs, `ended_at` is the moment to price it at and
    `energy_wh` what is known by then. Readings may come in any order.
    """

    transaction_id: int
    started_at: datetime
    ended_at: datetime
    energy_wh: Decimal | None
    readings: tuple[Reading, ...] = ()
    meter_start_wh: Decimal | None = None
    meter_stop_wh: Decimal | None = None
    spells: tuple[Spell, ...] = ()
    """Only where the charge point told; elsewhere readings tell charging from parking."""
    running: bool = False
