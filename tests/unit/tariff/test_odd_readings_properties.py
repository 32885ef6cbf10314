"""Whatever a charger sends, parts add up to the whole, and a slow reference agrees."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import holidays
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.tariff.tariffs import (
    BERLIN,
    FOUR_PERIODS,
    LISBON,
    NEW_YORK,
    always,
    energy,
    only,
    parking,
    simple,
)
from unit.tariff.usages import steady

from csms.tariff.lines import LineKind
from csms.tariff.model import DAYS_OF_WEEK, Day, Restrictions, TariffVersion
from csms.tariff.pricing import Pricer
from csms.tariff.splitting import curve_of
from csms.tariff.usage import Activity, Reading, Spell, Usage

START = datetime(2026, 3, 2, 22, tzinfo=UTC)
LASTED_S = 4 * 3600
ZONES = st.sampled_from((LISBON, BERLIN, NEW_YORK))

PORTUGAL = holidays.country_holidays("PT", years=range(2024, 2030))
registers = st.integers(0, 50_000).map(Decimal)
seconds = st.integers(-600, LASTED_S + 600)


def _spell(ends: tuple[int, int], activity: Activity) -> Spell:
    start, end = sorted(ends)
    return Spell(START + timedelta(seconds=start), START + timedelta(seconds=end), activity)


odd_usages = st.builds(
    lambda energy_wh, points, start_wh, stop_wh, spells, running: Usage(
        transaction_id=1,
        started_at=START,
        ended_at=START + timedelta(seconds=LASTED_S),
        energy_wh=energy_wh,
        readings=tuple(Reading(START + timedelta(seconds=at), wh) for at, wh in points),
        meter_start_wh=start_wh,
        meter_stop_wh=stop_wh,
        spells=tuple(spells),
        running=running,
    ),
    registers,
    st.lists(st.tuples(seconds, registers), max_size=8),
    st.none() | registers,
    st.none() | registers,
    st.lists(st.builds(_spell, st.tuples(seconds, seconds), st.sampled_from(Activity)), max_size=3),
    st.booleans(),
)


@settings(deadline=None)
@given(odd_usages)
def test_the_register_of_a_transaction_starts_at_nothing_ends_at_the_whole_and_never_falls(
    usage: Usage,
) -> None:
    assert usage.energy_wh is not None
    curve = curve_of(usage, usage.energy_wh)

    assert curve.at[0] == usage.started_at
    assert curve.at[-1] == usage.ended_at
    assert curve.wh[0] == 0
    assert curve.wh[-1] == usage.energy_wh
    assert all(before <= after for before, after in pairwise(curve.at))
    assert all(before <= after for before, after in pairwise(curve.wh))


@settings(deadline=None)
@given(odd_usages)
def test_odd_readings_are_priced_to_the_last_watt_hour_and_again_the_same(usage: Usage) -> None:
    ten = Decimal(10)
    by_day = Restrictions(max_kwh=ten, start_time=time(0, 30), end_time=time(22))
    by_night = Restrictions(max_kwh=ten, start_time=time(22), end_time=time(0, 30))
    of = simple(
        only(Restrictions(min_kwh=ten), energy("0.10")),
        only(by_day, energy("0.20")),
        only(by_night, energy("0.30")),
        always(parking("1", grace_s=900)),
    )
    pricer = Pricer(of, LISBON)
    priced = pricer.price(usage)

    energy_lines = [line for line in priced.lines if line.kind is LineKind.ENERGY]
    assert sum(line.quantity for line in energy_lines) * 1000 == usage.energy_wh
    assert priced.bill.complete
    assert pricer.price(priced.usage) == priced


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 3 * 365 * 1440).map(
        lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    )
    | st.integers(0, 2 * 1440).map(
        lambda minutes: datetime(2026, 3, 28, tzinfo=UTC) + timedelta(minutes=minutes)
    )
    | st.integers(0, 2 * 1440).map(
        lambda minutes: datetime(2026, 10, 24, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
    st.integers(1, 2000),
    ZONES,
)
def test_a_minute_by_minute_reference_agrees(start: datetime, minutes: int, zone: ZoneInfo) -> None:
    priced = Pricer(FOUR_PERIODS, zone).price(steady(start, minutes, "6", every=7))

    by_period: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in priced.lines:
        by_period[line.section, line.name] += line.quantity
    expected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for minute in range(minutes):
        expected[_period(start + timedelta(minutes=minute), zone)] += Decimal("0.1")
    assert by_period == expected


def _period(moment: datetime, zone: ZoneInfo) -> tuple[str, str]:
    """Look through all elements for the one that counts, by the wall clock alone."""
    version: TariffVersion = FOUR_PERIODS.versions[0]
    wall = moment.astimezone(zone)
    day = Day.HOLIDAY if wall.date() in PORTUGAL else DAYS_OF_WEEK[wall.weekday()]
    season = "Summer" if wall.dst() else "Winter"
    (found,) = [
        element
        for element in version.elements
        if element.restrictions.season == season
        and day in element.restrictions.day_of_week
        and (element.restrictions.start_time or time()) <= wall.time()
        and (element.restrictions.end_time == time() or wall.time() < _end(element.restrictions))
    ]
    return found.section, found.name


def _end(restrictions: Restrictions) -> time:
    return restrictions.end_time or time.max
