"""Charging schedules as both OCPP versions write them: checks, limits, and what comes back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from csms.errors import InvalidValueError
from csms.handlers.numbers import read_float, read_int32
from csms.services.charge_point import ChargePoint
from csms.services.clocks import TOLERANCE, parse_time
from csms.services.commands import CompositeSchedule
from csms.smart_charging.grid import Unit
from csms.smart_charging.profiles import ChargingProfile, Period, Purpose

_DECIMAL_SLACK: Final = 1e-6
"""What floating point may take from a limit that has one decimal."""


def check_profile(evse_id: int, profile: ChargingProfile) -> None:
    """Refuse what no version may be told; raises InvalidValueError."""
    if profile.purpose is Purpose.STATION_MAX and evse_id != 0:
        raise InvalidValueError("evse_id", evse_id, "0: the limit of a whole charge point")
    if profile.purpose is Purpose.TX and evse_id == 0:  # K01.FR.16
        raise InvalidValueError("evse_id", evse_id, "the EVSE of the transaction")
    if profile.stack_level < 0:
        raise InvalidValueError("stack_level", profile.stack_level, "0 or more")
    starts = [period.start_s for period in profile.periods]
    if not starts or starts[0] != 0:  # K01.FR.31
        raise InvalidValueError("periods", starts, "a first period that starts at 0")
    if any(later <= earlier for earlier, later in pairwise(starts)):  # K01.FR.35
        raise InvalidValueError("periods", starts, "periods in the order of time")


def write_limit(limit: float) -> int | float:
    """Write a limit with at most one decimal, never higher; whole ones without any.

    Some charge points stumble over decimals. Raises InvalidValueError.
    """
    if not (math.isfinite(limit) and limit >= 0):
        raise InvalidValueError("limit", limit, "a number from 0 up")
    tenths = math.floor(limit * 10 + _DECIMAL_SLACK)
    return tenths // 10 if tenths % 10 == 0 else tenths / 10


def read_composite(
    charge_point: ChargePoint,
    schedule: Mapping[str, Any],
    starts: Iterable[object],
    asked: Unit | None,
    received_at: datetime,
) -> CompositeSchedule | None:
    """Read a composite schedule; None if there is nothing in it to go by.

    `starts` are what it says of its start; the first that can be believed counts.
    """
    unit = read_unit(schedule.get("chargingRateUnit")) or asked or "A"
    periods = read_periods(schedule.get("chargingSchedulePeriod"), unit)
    if not periods:
        return None
    duration_s = read_int32(schedule.get("duration"))
    return CompositeSchedule(
        _start(charge_point, starts, received_at),
        unit,
        periods,
        duration_s if duration_s is not None and duration_s >= 0 else None,
    )


def read_period(raw: object, unit: Unit | None = None) -> Period | None:
    """Read one period; None if it has no limit.

    Stations of 2.1 may limit each phase: all that may be drawn counts, in W the sum of the phases,
    in A what the phase with the most may.
    """
    if not isinstance(raw, dict):
        return None
    start_s, limit = read_int32(raw.get("startPeriod", 0)), read_float(raw.get("limit"))
    if start_s is None or start_s < 0 or limit is None or limit < 0:
        return None
    if "limit_L2" in raw or "limit_L3" in raw:
        others = [read_float(raw.get(name)) or 0.0 for name in ("limit_L2", "limit_L3")]
        limit = limit + sum(others) if unit == "W" else max(limit, *others)
    phases, phase_to_use = read_int32(raw.get("numberPhases")), read_int32(raw.get("phaseToUse"))
    return Period(
        start_s,
        limit,
        phases if phases in (1, 2, 3) else None,
        phase_to_use if phase_to_use in (1, 2, 3) else None,
    )


def read_periods(raw: object, unit: Unit | None = None) -> tuple[Period, ...]:
    """Read periods in the order of time; those without a limit are left out."""
    entries = raw if isinstance(raw, list) else [raw]
    read = [read_period(entry, unit) for entry in entries]
    periods = [period for period in read if period is not None]
    return tuple(sorted(periods, key=lambda period: period.start_s))


def read_unit(raw: object) -> Unit | None:
    """Read a chargingRateUnit; None if it is none."""
    word = raw.strip().upper() if isinstance(raw, str) else ""
    return "W" if word == "W" else "A" if word == "A" else None


def _start(charge_point: ChargePoint, starts: Iterable[object], received_at: datetime) -> datetime:
    """When a composite schedule begins: K08.FR.02 says when it was asked for.

    So a start that is far from now is local time, or a clock that is wrong.
    """
    for raw in starts:
        told = parse_time(raw) if isinstance(raw, str) else None
        if told is None:
            continue
        offset = charge_point.clock.offset
        for moment in (told,) if offset is None else (told - offset, told):
            if abs(moment - received_at) <= TOLERANCE:
                return moment
    return received_at
