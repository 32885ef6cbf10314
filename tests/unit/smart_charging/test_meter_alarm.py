"""A meter that falls silent is an alarm; one that is new gets the time to be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from csms.smart_charging.grid import PerPhase
from csms.smart_charging.steering import Installation, SiteSteering

from .steered_garage import circuit, evse, site

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
METERED = circuit("main", 32.0, has_meter=True, assumed_load_a=PerPhase.all(20.0))


def steering() -> SiteSteering:
    return SiteSteering(Installation(site=site([evse(1)], METERED)), {}, START)


def alarms(world: SiteSteering, after_s: float) -> list[str]:
    decision = world.decide(START + timedelta(seconds=after_s))
    return [alarm.kind for alarm in decision.alarms if alarm.subject == "main"]


def test_a_new_meter_is_no_alarm_before_it_could_be_read() -> None:
    world = steering()
    assert alarms(world, 0) == []
    assert alarms(world, 20) == []


def test_a_meter_that_nobody_ever_reads_is_an_alarm() -> None:
    world = steering()
    alarms(world, 0)
    assert alarms(world, 31) == ["meter_silent"]


def test_a_meter_that_falls_silent_is_an_alarm_at_once() -> None:
    world = steering()
    world.meter("main", PerPhase.all(5.0), START, now=START)
    assert alarms(world, 30) == []
    assert alarms(world, 61) == ["meter_silent"]
