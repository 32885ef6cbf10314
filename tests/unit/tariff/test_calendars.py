"""Which period a moment is in: seasons, days, holidays, and the nights when clocks change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.tariff.tariffs import (
    BERLIN,
    LISBON,
    NEW_YORK,
    SEASONS,
    always,
    energy,
    four_periods,
    only,
    simple,
    version,
)
from unit.tariff.usages import local, steady

from csms.tariff.calendars import Calendar
from csms.tariff.model import Day, HolidayCalendar, MonthDay, Restrictions, Season
from csms.tariff.pricing import Pricer
from csms.tariff.timetable import Timetable

ZONES = (LISBON, BERLIN, NEW_YORK)
NIGHT = Restrictions(start_time=time(22), end_time=time(6))
DAY = Restrictions(start_time=time(6), end_time=time(22))
DAY_AND_NIGHT = simple(
    only(NIGHT, energy("0.10"), name="Night"), only(DAY, energy("0.20"), name="Day")
)


def kwh_by_name(minutes: int, start: datetime, zone: ZoneInfo) -> dict[str, Decimal]:
    priced = Pricer(DAY_AND_NIGHT, zone).price(steady(start, minutes, "6"))
    return {line.name: line.quantity for line in priced.bill.lines}


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone.key)
def test_every_moment_from_2020_to_2035_falls_into_exactly_one_period(zone: ZoneInfo) -> None:
    timetable = Timetable(four_periods(), zone)
    day, expected = date(2020, 1, 1), timetable.calendar.day_start(date(2020, 1, 1))
    while day.year <= 2035:
        for span in timetable.day(day):
            assert span.start == expected
            assert len(span.elements) == 1
            expected = span.end
        day += timedelta(days=1)
    assert expected == timetable.calendar.day_start(date(2036, 1, 1))


@settings(deadline=None)
@given(
    seconds=st.integers(0, 16 * 31_557_600),
    zone=st.sampled_from(ZONES),
)
def test_the_period_of_a_moment_is_what_the_wall_clock_shows(seconds: int, zone: ZoneInfo) -> None:
    moment = datetime(2020, 1, 1, 12, tzinfo=UTC) + timedelta(seconds=seconds)
    tariff_version = four_periods()
    (index,) = Timetable(tariff_version, zone).at(moment).elements
    element = tariff_version.elements[index]

    wall = moment.astimezone(zone)
    start = element.restrictions.start_time or time()
    end = element.restrictions.end_time
    assert start <= wall.time()
    assert end is None or end == time() or wall.time() < end
    summer = wall.utcoffset() != datetime(wall.year, 1, 1, tzinfo=zone).utcoffset()
    assert element.restrictions.season == ("Summer" if summer else "Winter")


@pytest.mark.parametrize(
    ("zone", "evening"),
    [(LISBON, "2026-03-28 20:00"), (BERLIN, "2026-03-28 20:00"), (NEW_YORK, "2026-03-07 20:00")],
    ids=lambda value: getattr(value, "key", ""),
)
def test_the_night_that_loses_an_hour_has_seven_hours(zone: ZoneInfo, evening: str) -> None:
    start = local(evening, zone)

    assert kwh_by_name(11 * 60, start, zone) == {"Day": Decimal(24), "Night": Decimal(42)}


@pytest.mark.parametrize(
    ("zone", "evening"),
    [(LISBON, "2026-10-24 20:00"), (BERLIN, "2026-10-24 20:00"), (NEW_YORK, "2026-10-31 20:00")],
    ids=lambda value: getattr(value, "key", ""),
)
def test_the_night_that_wins_an_hour_has_nine_hours(zone: ZoneInfo, evening: str) -> None:
    start = local(evening, zone)

    assert kwh_by_name(13 * 60, start, zone) == {"Day": Decimal(24), "Night": Decimal(54)}


def test_a_wall_time_that_comes_twice_is_in_its_period_both_times() -> None:
    half_past_two = Restrictions(start_time=time(2, 15), end_time=time(2, 45))
    tariff = simple(only(half_past_two, energy("1"), name="Short"), always(energy("0.1")))
    start = local("2026-10-25 00:00", BERLIN)

    lines = Pricer(tariff, BERLIN).price(steady(start, 300, "6")).lines

    short = [(line.started_at, line.ended_at) for line in lines if line.name == "Short"]
    assert short == [
        (local("2026-10-25 02:15", BERLIN), local("2026-10-25 02:45", BERLIN)),
        (
            local("2026-10-25 02:15", BERLIN, second_time=True),
            local("2026-10-25 02:45", BERLIN, second_time=True),
        ),
    ]


def test_a_period_that_the_clock_leaps_over_does_not_happen() -> None:
    half_past_two = Restrictions(start_time=time(2, 15), end_time=time(2, 45))
    tariff = simple(only(half_past_two, energy("1"), name="Short"), always(energy("0.1")))
    start = local("2026-03-29 00:00", BERLIN)

    lines = Pricer(tariff, BERLIN).price(steady(start, 300, "6")).lines

    assert [line.name for line in lines] == [""]


def test_legal_summer_begins_at_the_moment_the_clock_is_put_forward() -> None:
    halves = version(
        only(Restrictions(season="Summer"), energy("1")),
        only(Restrictions(season="Winter"), energy("2")),
    )
    timetable = Timetable(replace(halves, seasons=SEASONS), LISBON)

    winter, summer = timetable.day(date(2026, 3, 29))

    assert (winter.elements, summer.elements) == ((1,), (0,))
    assert summer.start == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert summer.end == datetime(2026, 3, 29, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "summer"),
    [
        ("Europe/Dublin", date(2026, 7, 1), True),
        ("Europe/Dublin", date(2026, 1, 1), False),
        ("Australia/Sydney", date(2026, 1, 1), True),
        ("Asia/Tokyo", date(2026, 7, 1), False),
    ],
)
def test_legal_summer_is_when_the_clock_is_ahead(zone: str, day: date, summer: bool) -> None:
    calendar = Calendar(ZoneInfo(zone), SEASONS)
    (segment,) = calendar.segments(day)

    assert calendar.seasons_of(day, segment.offset) == {"Summer" if summer else "Winter"}


@pytest.mark.parametrize(
    ("day", "winter"),
    [
        (date(2026, 10, 31), False),
        (date(2026, 11, 1), True),
        (date(2027, 2, 28), True),
        (date(2027, 3, 1), False),
    ],
)
def test_a_season_by_dates_may_go_past_the_new_year(day: date, winter: bool) -> None:
    season = Season("Winter", first=MonthDay(11, 1), until=MonthDay(3, 1))
    calendar = Calendar(BERLIN, [season])

    assert calendar.seasons_of(day, timedelta()) == ({"Winter"} if winter else set())


@pytest.mark.parametrize(
    ("country", "region", "day", "expected"),
    [
        ("PT", None, date(2026, 6, 4), Day.HOLIDAY),
        ("PT", None, date(2026, 6, 5), Day.FRIDAY),
        ("DE", "BY", date(2026, 1, 6), Day.HOLIDAY),
        ("DE", "BE", date(2026, 1, 6), Day.TUESDAY),
        ("US", None, date(2026, 11, 26), Day.HOLIDAY),
    ],
)
def test_a_public_holiday_is_a_day_of_its_own(
    country: str, region: str | None, day: date, expected: Day
) -> None:
    calendar = Calendar(LISBON, (), HolidayCalendar(country, region))

    assert calendar.day_of(day) is expected


def test_a_town_may_add_its_own_holiday() -> None:
    calendar = Calendar(
        LISBON, (), HolidayCalendar("PT", extra_dates=frozenset({date(2026, 6, 13)}))
    )

    assert calendar.day_of(date(2026, 6, 13)) is Day.HOLIDAY
    assert calendar.day_of(date(2027, 6, 13)) is Day.SUNDAY


def test_a_midnight_that_is_left_out_still_begins_its_day() -> None:
    calendar = Calendar(ZoneInfo("Africa/Cairo"))

    start = calendar.day_start(date(2026, 4, 24))

    assert start.astimezone(calendar.zone).isoformat() == "2026-04-24T01:00:00+03:00"
    assert calendar.segments(date(2026, 4, 23))[-1].end == start


@pytest.mark.parametrize(
    ("zone", "year"),
    [
        ("Europe/Lisbon", 2026),
        ("Africa/Cairo", 2026),  # at midnight
        ("America/Havana", 2026),  # at midnight, and back
        ("America/Sao_Paulo", 2018),
        ("Pacific/Apia", 2011),  # a day is left out
    ],
)
def test_a_days_offsets_are_those_of_its_segments(zone: str, year: int) -> None:
    calendar = Calendar(ZoneInfo(zone))
    for number in range(366):
        day = date(year, 1, 1) + timedelta(days=number)
        segments = calendar.segments(day)
        assert calendar.offsets(day) == tuple(segment.offset for segment in segments), day
