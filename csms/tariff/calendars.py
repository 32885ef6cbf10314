"""What the site's clock and calendar say of a moment: its day, its seasons, its wall time.

Every moment has exactly one wall time, so it belongs to exactly one period. In the night when the
clock is put back, wall times that come twice belong to the same period both times; when it is put
forward, those that are left out belong to none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import holidays

from csms.tariff.model import DAYS_OF_WEEK, Day, HolidayCalendar, LegalTime, MonthDay, Season

_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_MICROSECOND: Final = timedelta(microseconds=1)
_YEARS_KEPT: Final = 1024
"""Of all zones, whose changes of the clock are remembered."""


class Segment(NamedTuple):
    """A part of a local day in which the clock isn't changed; times in UTC."""

    start: datetime
    end: datetime
    offset: timedelta


class Calendar:
    """The days of one site, as a tariff version sees them. Remembers what it worked out."""

    def __init__(
        self,
        zone: ZoneInfo,
        seasons: Sequence[Season] = (),
        holiday_calendar: HolidayCalendar | None = None,
    ) -> None:
        self.zone = zone
        self._seasons = tuple(seasons)
        self._holidays = holiday_calendar
        self._holiday_years: dict[int, frozenset[date]] = {}
        self._standard_offsets: dict[int, timedelta] = {}
        self._seasons_on: dict[tuple[int, int, bool], frozenset[str]] = {}

    def date_of(self, at: datetime) -> date:
        """Return the local date of a moment."""
        return at.astimezone(self.zone).date()

    def day_start(self, day: date) -> datetime:
        """Return the first moment of a local day, in UTC, even where its midnight is left out."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def segments(self, day: date) -> tuple[Segment, ...]:
        """Return the day in pieces between changes of the clock: one, or two twice a year."""
        start, end = self.day_start(day), self.day_start(day + _DAY)
        before, after = self._offset(start), self._offset(end - _MICROSECOND)
        if before == after:
            return (Segment(start, end, before),)
        change = self._change_between(start, end)
        return (Segment(start, change, before), Segment(change, end, after))

    def offsets(self, day: date) -> tuple[timedelta, ...]:
        """Return the offsets of a day's segments, without looking for when the clock is changed."""
        before, after = _midnight_offset(self.zone, day), _midnight_offset(self.zone, day + _DAY)
        if before == after:
            return (before,)
        return tuple(segment.offset for segment in self.segments(day))

    def turns(self, year: int) -> frozenset[date]:
        """Return the days of a year that may be in other seasons than the day before."""
        days = {
            _first_from(year, of_year)
            for season in self._seasons
            for of_year in (season.first, season.until)
            if of_year is not None
        }
        if any(season.legal_time is not None for season in self._seasons):
            days |= {date(year, 1, 1), *_clock_turns(self.zone, year)}
        return frozenset(days)

    def holidays(self, year: int) -> frozenset[date]:
        """Return a year's public holidays, and all further ones."""
        return frozenset() if self._holidays is None else self._holidays_of(year)

    def day_of(self, day: date) -> Day:
        """Return its day of the week, or HOLIDAY."""
        if self._holidays is not None and day in self._holidays_of(day.year):
            return Day.HOLIDAY
        return DAYS_OF_WEEK[day.weekday()]

    def seasons_of(self, day: date, offset: timedelta) -> frozenset[str]:
        """Return the names of all seasons that a day is in while its clock has an offset."""
        key = (day.month, day.day, offset > self._standard_offset(day.year))
        names = self._seasons_on.get(key)
        if names is None:
            names = self._seasons_on[key] = frozenset(
                season.name for season in self._seasons if _in_season(season, *key)
            )
        return names

    def _standard_offset(self, year: int) -> timedelta:
        """Return the lower of January's and July's; the zone's own flag is not to be trusted.

        (Ireland's legal standard time is its summer time.)
        """
        offset = self._standard_offsets.get(year)
        if offset is None:
            offset = min(self._offset(datetime(year, month, 1, tzinfo=UTC)) for month in (1, 7))
            self._standard_offsets[year] = offset
        return offset

    def _offset(self, at: datetime) -> timedelta:
        return at.astimezone(self.zone).utcoffset() or timedelta()

    def _change_between(self, start: datetime, end: datetime) -> datetime:
        """Return the first moment of the new offset."""
        before = self._offset(start)
        while end - start > _SECOND:
            middle = start + (end - start) // _SECOND // 2 * _SECOND
            if self._offset(middle) == before:
                start = middle
            else:
                end = middle
        return end

    def _holidays_of(self, year: int) -> frozenset[date]:
        days = self._holiday_years.get(year)
        if days is None and self._holidays is not None:
            of_year = holidays.country_holidays(
                self._holidays.country, subdiv=self._holidays.region, years=year
            )
            days = frozenset(of_year) | self._holidays.extra_dates
            self._holiday_years[year] = days
        return days or frozenset()


def _in_season(season: Season, month: int, day: int, summer: bool) -> bool:
    if season.legal_time is not None:
        return summer is (season.legal_time is LegalTime.SUMMER)
    if season.first is None or season.until is None:
        return False
    today = (month, day)
    if season.first < season.until:
        return season.first <= today < season.until
    return today >= season.first or today < season.until


def _first_from(year: int, of_year: MonthDay) -> date:
    """Return the first day of a year that is not before a day of any year."""
    try:
        return date(year, of_year.month, of_year.day)
    except ValueError:
        return date(year, of_year.month + 1, 1)


@lru_cache(_YEARS_KEPT)
def _clock_turns(zone: ZoneInfo, year: int) -> frozenset[date]:
    """Return the days of a year on which the clock is changed, and those after."""
    first = date(year, 1, 1) - _DAY
    days = [first + number * _DAY for number in range(368)]
    offsets = [_midnight_offset(zone, day) for day in days]
    changed = [place for place, (one, next_) in enumerate(pairwise(offsets)) if one != next_]
    turns = {days[place + later] for place in changed for later in (0, 1)}
    return frozenset(day for day in turns if day.year == year)


def _midnight_offset(zone: ZoneInfo, day: date) -> timedelta:
    return datetime.combine(day, time(), zone).utcoffset() or timedelta()


def known_regions(country: str) -> frozenset[str] | None:
    """Return the regions whose holidays are known; None for an unknown country."""
    # Not before it is asked for: reading the calendars of all countries takes a while.
    regions = holidays.list_supported_countries(include_aliases=False).get(country)
    return None if regions is None else frozenset(regions)
