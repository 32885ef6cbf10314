"""A limit lapses by the charger's own clock: one that is wrong is lent nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from csms.smart_charging.clock_watch import ClockWatch
from csms.smart_charging.strategies import Strategy

from .steered_garage import SteeredGarage, evse, garage

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def watched(*seconds_ahead: float, every_s: float = 30.0) -> ClockWatch:
    clock = ClockWatch()
    for number, seconds in enumerate(seconds_ahead):
        clock.seen(timedelta(seconds=seconds), NOON + timedelta(seconds=number * every_s))
    return clock


@pytest.mark.parametrize("ahead_s", [75.0, -75.0, 3600.0])
def test_a_clock_that_is_off_by_the_same_in_each_reading_is_wrong(ahead_s: float) -> None:
    clock = watched(ahead_s, ahead_s + 3.0, ahead_s - 2.0)
    assert clock.is_wrong


def test_a_clock_that_is_a_little_off_is_good_enough() -> None:
    assert not watched(-20.0, -21.0, -20.0).is_wrong


def test_readings_that_were_kept_while_the_link_was_down_say_nothing() -> None:
    assert not watched(-600.0, -540.0, -480.0, -420.0, 0.0).is_wrong


def test_one_late_burst_says_nothing() -> None:
    assert not watched(-40.0, -40.0, -40.0, every_s=1.0).is_wrong


def test_a_clock_that_was_set_right_is_trusted_again() -> None:
    clock = watched(90.0, 90.0, 90.0, 0.0, 0.0, 0.0)
    assert not clock.is_wrong


def tell_clock(world: SteeredGarage, number: int, ahead_s: float) -> None:
    """Three readings of a charger whose clock is so far ahead from now on."""
    world.stalls[world.key(number)].charger.clock_ahead = timedelta(seconds=ahead_s)
    for _ in range(3):
        charge_point_id = world.key(number).charge_point_id
        world.steering.clock_seen(charge_point_id, timedelta(seconds=ahead_s), world.now)
        world.run(40)


def alarms(world: SteeredGarage) -> set[tuple[str, str]]:
    assert world.decision is not None
    return {(alarm.kind, alarm.subject) for alarm in world.decision.alarms}


def two_chargers() -> SteeredGarage:
    world = garage(evse(1), evse(2))
    world.run(60)
    world.arrive(1)
    world.run(60)
    assert world.limit_a(1) == 32.0
    return world


def test_a_charger_with_a_wrong_clock_gets_its_safe_share_and_an_alarm() -> None:
    world = two_chargers()
    tell_clock(world, 1, 600.0)
    assert world.limit_a(1) == 16.0
    assert ("clock_wrong", "CP-1") in alarms(world)
    binding = world.steering.grant(world.key(1), world.now).binding
    assert str(binding) == "safe share of CP-1/1: its clock is wrong, 16 A"


def test_when_the_clock_is_right_again_more_is_lent_again() -> None:
    world = two_chargers()
    tell_clock(world, 1, 600.0)
    tell_clock(world, 1, 0.0)
    world.run(180)
    assert world.limit_a(1) == 32.0
    assert ("clock_wrong", "CP-1") not in alarms(world)


def test_no_breaker_trips_when_the_server_dies_and_a_clock_stands_an_hour_behind() -> None:
    world = garage(evse(1), evse(2), evse(3))
    tell_clock(world, 1, -3600.0)
    world.arrive(1)
    world.run(120)
    world.die()
    world.arrive(2)
    world.arrive(3)
    world.run(2400)
    assert world.overloads == []


@pytest.mark.parametrize("ahead_s", [-3600.0, 3600.0])
def test_a_charger_whose_clock_is_an_hour_wrong_gets_its_safe_share(ahead_s: float) -> None:
    world = garage(evse(1), evse(2))
    world.stalls[world.key(1)].charger.clock_ahead = timedelta(seconds=ahead_s)
    world.run(60)
    world.arrive(1)
    tell_clock(world, 1, ahead_s)
    world.run(300)
    assert world.limit_a(1) == 16.0


def test_a_charger_whose_limits_never_lapse_gets_its_safe_share() -> None:
    world = garage(evse(1), evse(2))
    never = replace(Strategy(), max_periods=1, scheme=Strategy().scheme.ONE_DEFAULT)
    assert not never.lapses
    world.steering.use_strategy("CP-1", never)
    world.run(60)
    world.arrive(1)
    world.run(120)
    assert world.limit_a(1) == 16.0
    assert ("limits_do_not_lapse", "CP-1") in alarms(world)
