"""Limits as they go out, and composite schedules as charge points write them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.world import NOON

from csms.errors import InvalidValueError
from csms.handlers.charging_schedules import check_profile, read_composite, write_limit
from csms.model import RegistrationStatus
from csms.services.charge_point import ChargePoint
from csms.services.clocks import ChargerClock
from csms.services.commands import CompositeSchedule
from csms.smart_charging.profiles import ChargingProfile, Kind, Period, Purpose

ONE_DECIMAL = jsonschema_rs.validator_for({"type": "number", "multipleOf": 0.1})
PERIOD = {"startPeriod": 0, "limit": 16.0}


def charge_point(offset: timedelta | None = None) -> ChargePoint:
    return ChargePoint(1, "CP-1", RegistrationStatus.ACCEPTED, clock=ChargerClock(offset))


def read(
    schedule: dict[str, Any], *starts: object, offset: timedelta | None = None
) -> CompositeSchedule | None:
    return read_composite(charge_point(offset), schedule, starts, "W", NOON)


@pytest.mark.parametrize(
    ("limit", "written"),
    [(16.0, "16"), (0.0, "0"), (6.5, "6.5"), (7.99, "7.9"), (0.3, "0.3"), (11040.06, "11040")],
)
def test_a_limit_has_one_decimal_at_most_and_is_never_higher(limit: float, written: str) -> None:
    assert json.dumps(write_limit(limit)) == written


@given(st.floats(min_value=0, max_value=1e6))
def test_every_limit_is_valid_in_1_6(limit: float) -> None:
    written = write_limit(limit)
    assert ONE_DECIMAL.is_valid(written)
    assert limit - 0.1 < written <= limit + 1e-6


@pytest.mark.parametrize("limit", [-1.0, float("nan"), float("inf")])
def test_what_is_no_limit_is_not_sent(limit: float) -> None:
    with pytest.raises(InvalidValueError):
        write_limit(limit)


@pytest.mark.parametrize(
    ("evse_id", "purpose", "stack_level", "starts", "field"),
    [
        (1, Purpose.STATION_MAX, 0, (0,), "evse_id"),
        (0, Purpose.TX, 0, (0,), "evse_id"),
        (1, Purpose.TX, -1, (0,), "stack_level"),
        (1, Purpose.TX, 0, (), "periods"),
        (1, Purpose.TX, 0, (5,), "periods"),
        (1, Purpose.TX, 0, (0, 60, 60), "periods"),
    ],
)
def test_a_profile_that_cannot_be_is_refused_by_its_field(
    evse_id: int, purpose: Purpose, stack_level: int, starts: tuple[int, ...], field: str
) -> None:
    profile = ChargingProfile(
        profile_id=1,
        purpose=purpose,
        stack_level=stack_level,
        kind=Kind.RELATIVE,
        unit="A",
        periods=tuple(Period(start_s, 16.0) for start_s in starts),
    )
    with pytest.raises(InvalidValueError) as refused:
        check_profile(evse_id, profile)
    assert refused.value.field == field


def test_a_composite_schedule_is_read_in_the_order_of_time() -> None:
    schedule = {
        "duration": 600,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [
            {"startPeriod": 300, "limit": "6,0", "numberPhases": 1, "phaseToUse": 2},
            {"startPeriod": 0, "limit": 16, "numberPhases": 3},
        ],
    }
    assert read(schedule, "2026-06-15T12:00:01Z") == CompositeSchedule(
        NOON + timedelta(seconds=1),
        "A",
        (Period(0, 16.0, 3), Period(300, 6.0, 1, 2)),
        600,
    )


@pytest.mark.parametrize(("told", "unit"), [("A", "A"), ("w", "W"), (None, "W"), ("Amps", "W")])
def test_the_unit_that_was_answered_counts_else_the_one_asked_for(
    told: str | None, unit: str
) -> None:
    schedule = read({"chargingRateUnit": told, "chargingSchedulePeriod": [PERIOD]})
    assert schedule is not None
    assert schedule.unit == unit


@pytest.mark.parametrize(
    ("starts", "start_at"),
    [
        ((), NOON),
        ((None, 7, "soon"), NOON),
        (("2026-06-15T11:59:00Z",), NOON - timedelta(minutes=1)),
        (("2026-06-15T12:00:01",), NOON + timedelta(seconds=1)),
        (("2026-06-15T14:00:00Z",), NOON),
        (("1970-01-01T00:00:00Z",), NOON),
        (("1970-01-01T00:00:00Z", "2026-06-15T12:00:02Z"), NOON + timedelta(seconds=2)),
    ],
)
def test_a_start_that_is_missing_or_far_from_now_is_now(
    starts: tuple[object, ...], start_at: datetime
) -> None:
    schedule = read({"chargingSchedulePeriod": [PERIOD]}, *starts)
    assert schedule is not None
    assert schedule.start_at == start_at


def test_a_start_by_a_clock_known_to_be_wrong_is_put_right() -> None:
    wrong = timedelta(minutes=20, seconds=5)
    schedule = read({"chargingSchedulePeriod": [PERIOD]}, "2026-06-15T12:20:00Z", offset=wrong)
    assert schedule is not None
    assert schedule.start_at == datetime(2026, 6, 15, 11, 59, 55, tzinfo=UTC)


@pytest.mark.parametrize(
    "periods",
    [None, [], "?", [{"startPeriod": 0}], [{"startPeriod": 0, "limit": -1}], [None, 7]],
)
def test_a_composite_schedule_without_a_limit_is_none(periods: object) -> None:
    assert read({"chargingSchedulePeriod": periods}) is None


@pytest.mark.parametrize(("unit", "limit"), [("W", 6000.0), ("A", 3000.0)])
def test_limits_of_phases_are_all_that_may_be_drawn(unit: str, limit: float) -> None:
    period = {"startPeriod": 0, "limit": 1000, "limit_L2": 2000, "limit_L3": 3000}
    schedule = read({"chargingRateUnit": unit, "chargingSchedulePeriod": [period]})
    assert schedule is not None
    assert schedule.periods[0].limit == limit
