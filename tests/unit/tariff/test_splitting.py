"""Energy over time by readings, however odd they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal

from unit.tariff.tariffs import LISBON, always, energy, only, simple
from unit.tariff.usages import local

from csms.tariff.model import Restrictions
from csms.tariff.pricing import Pricer
from csms.tariff.splitting import Curve, SplitFlag, curve_of
from csms.tariff.usage import Reading, Usage

NOON = local("2026-03-02 12:00", LISBON)


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def readings(*points: tuple[float, int]) -> tuple[Reading, ...]:
    return tuple(Reading(after(minutes), Decimal(wh)) for minutes, wh in points)


def two_hours(
    energy_wh: int,
    *points: tuple[float, int],
    start_wh: int | None = None,
    stop_wh: int | None = None,
) -> Usage:
    return Usage(
        transaction_id=1,
        started_at=NOON,
        ended_at=after(120),
        energy_wh=Decimal(energy_wh),
        readings=readings(*points),
        meter_start_wh=None if start_wh is None else Decimal(start_wh),
        meter_stop_wh=None if stop_wh is None else Decimal(stop_wh),
    )


def curve(usage: Usage) -> Curve:
    assert usage.energy_wh is not None
    return curve_of(usage, usage.energy_wh)


def by_half_hour(usage: Usage) -> list[int]:
    return [int(curve(usage).wh_at(after(minutes))) for minutes in (0, 30, 60, 90, 120)]


def test_between_two_readings_energy_flows_evenly() -> None:
    usage = two_hours(6000, (20, 1000), (80, 4000), start_wh=0, stop_wh=6000)

    assert by_half_hour(usage) == [0, 1500, 3000, 4500, 6000]
    assert curve(usage).flags == frozenset()


def test_energy_at_a_border_is_exact_to_a_ten_thousandth_of_a_watt_hour() -> None:
    usage = two_hours(1000, (60, 0), (63, 1), start_wh=0, stop_wh=1000)

    assert curve(usage).wh_at(after(61)) == Decimal("0.3333")
    assert curve(usage).wh_at(after(62)) == Decimal("0.6667")


def test_readings_outside_the_transaction_are_not_looked_at() -> None:
    usage = two_hours(6000, (-10, 9999), (60, 1000), (130, 1), start_wh=0, stop_wh=6000)

    assert by_half_hour(usage) == [0, 500, 1000, 3500, 6000]


def test_nothing_is_made_up_before_the_first_reading_or_after_the_last() -> None:
    usage = two_hours(3000, (30, 500), (60, 2000), (90, 3500))

    assert by_half_hour(usage) == [0, 0, 1500, 3000, 3000]
    assert curve(usage).flags == frozenset()


def test_without_readings_energy_is_spread_evenly_and_flagged() -> None:
    registers_alone = two_hours(8000, start_wh=100, stop_wh=8100)
    nothing_at_all = two_hours(8000)

    for usage in (registers_alone, nothing_at_all):
        assert by_half_hour(usage) == [0, 2000, 4000, 6000, 8000]
        assert curve(usage).flags == {SplitFlag.NO_READINGS}


def test_a_single_dip_or_leap_of_the_register_is_left_out() -> None:
    dip = two_hours(4000, (30, 1000), (60, 0), (90, 3000), start_wh=0, stop_wh=4000)
    leap = two_hours(4000, (30, 1000), (60, 900_000), (90, 3000), start_wh=0, stop_wh=4000)

    for usage in (dip, leap):
        assert by_half_hour(usage) == [0, 1000, 2000, 3000, 4000]
        assert curve(usage).flags == {SplitFlag.REGISTER_FELL}


def test_energy_around_a_restart_of_the_register_flowed_during_it() -> None:
    """5000 → 6000, then from 0: 100 → 1100; 2500 in all, so 500 flowed in between."""
    usage = two_hours(2500, (30, 6000), (60, 100), (90, 600), start_wh=5000, stop_wh=1100)

    assert by_half_hour(usage) == [0, 1000, 1500, 2000, 2500]
    assert curve(usage).flags == {SplitFlag.REGISTER_FELL, SplitFlag.INCOMPLETE}


def test_readings_of_another_scale_than_the_registers_tell_the_times_all_the_same() -> None:
    usage = two_hours(4000, (30, 0), (60, 1000), (90, 3000), start_wh=7_000_000, stop_wh=7_004_000)

    assert by_half_hour(usage) == [0, 500, 1500, 3500, 4000]
    assert curve(usage).flags == {SplitFlag.INCOMPLETE}


def test_readings_that_sum_up_to_more_than_the_whole_are_scaled() -> None:
    usage = two_hours(2000, (0, 0), (60, 1000), (120, 4000))

    assert by_half_hour(usage) == [0, 250, 500, 1250, 2000]
    assert curve(usage).flags == {SplitFlag.DISAGREE}


def test_a_border_far_from_any_reading_is_flagged() -> None:
    of = simple(only(Restrictions(start_time=time(13)), energy("1")), always(energy("2")))
    pricer = Pricer(of, LISBON)
    sparse = two_hours(6000, (10, 1000), (110, 5000), start_wh=0, stop_wh=6000)
    dense = replace(sparse, readings=readings((10, 1000), (50, 2000), (70, 3000), (110, 5000)))

    assert pricer.price(sparse).flags == {SplitFlag.FAR_APART}
    assert pricer.price(dense).flags == frozenset()
