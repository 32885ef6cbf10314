"""A tariff's kinds of days are found without a look at every day, and none is missed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.tariff.tariffs import LISBON, NEW_YORK, energy, only

from csms.tariff.model import (
    HolidayCalendar,
    LegalTime,
    MonthDay,
    Restrictions,
    Season,
    TariffVersion,
)
from csms.tariff.timetable import DayKind, Timetable

ZONES = [
    LISBON,
    NEW_YORK,
    ZoneInfo("Europe/Dublin"),  # its standard time is summer's
    ZoneInfo("Africa/Casablanca"),  # changes its clock by the moon
    ZoneInfo("America/Asuncion"),  # changed it at midnight, and gave that up
    ZoneInfo("Pacific/Apia"),  # left out a day
    ZoneInfo("Asia/Tokyo"),
]
HOLIDAYS = [
    None,
    HolidayCalendar("PT"),
    HolidayCalendar("DE", "BY", frozenset({date(2024, 2, 29), date(2025, 12, 31)})),
]
DAYS_OF_YEAR = st.sampled_from(
    [MonthDay(1, 1), MonthDay(2, 29), MonthDay(3, 1), MonthDay(6, 15), MonthDay(12, 31)]
)
DATES = st.dates(date(2008, 1, 1), date(2028, 12, 31))
SUMMER_AND_WINTER = (
    Season("Summer", legal_time=LegalTime.SUMMER),
    Season("Winter", legal_time=LegalTime.WINTER),
)


@st.composite
def seasons_by_dates(draw: st.DrawFn) -> tuple[Season, ...]:
    borders = draw(st.lists(st.tuples(DAYS_OF_YEAR, DAYS_OF_YEAR), max_size=2))
    return tuple(
        Season(f"S{number}", first=first, until=until)
        for number, (first, until) in enumerate(borders)
        if first != until
    )


@st.composite
def versions(draw: st.DrawFn) -> TariffVersion:
    dates = draw(st.lists(st.tuples(DATES, DATES), min_size=1, max_size=3))
    elements = [
        only(Restrictions(start_date=one, end_date=other), energy("0.2")) for one, other in dates
    ]
    seasons = draw(seasons_by_dates())
    if draw(st.booleans()):
        seasons += SUMMER_AND_WINTER
    return TariffVersion(1, draw(DATES), tuple(elements), seasons, draw(st.sampled_from(HOLIDAYS)))


def day_by_day(timetable: Timetable, start: date, end: date) -> Iterator[tuple[date, DayKind]]:
    seen = set()
    for number in range((end - start).days):
        day = start + timedelta(days=number)
        for kind in timetable.kinds(day):
            if kind not in seen:
                seen.add(kind)
                yield day, kind


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone.key)
@settings(max_examples=10)
@given(version=versions(), days=st.integers(0, 1200))
def test_all_kinds_are_those_that_a_look_at_every_day_finds(
    zone: ZoneInfo, version: TariffVersion, days: int
) -> None:
    start, end = version.valid_from, version.valid_from + timedelta(days=days)
    timetable = Timetable(version, zone)
    assert list(timetable.all_kinds(start, end)) == list(day_by_day(timetable, start, end))
