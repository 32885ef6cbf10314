"""Which elements of a tariff version count at which moment, as far as clock and calendar say.

Days are worked out once per kind of day and kept, so that pricing many transactions looks things
up only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from csms.tariff.calendars import Calendar
from csms.tariff.model import DAYS_OF_WEEK, Day, Restrictions, TariffVersion

_DAY: Final = timedelta(days=1)
_DAY_S: Final = 86_400
_MAX_DAYS: Final = 4000
"""Days kept before all are forgotten."""


class Span(NamedTuple):
    """A time in which the same elements count; indexes into the version's elements, in order."""

    start: datetime
    end: datetime
    elements: tuple[int, ...]


class DayKind(NamedTuple):
    """All that a day's elements depend on, apart from the time of day."""

    day: Day
    seasons: frozenset[str]
    dated: tuple[int, ...]
    """Elements whose dates include it."""


Plan = tuple[tuple[int, tuple[int, ...]], ...]
"""From which second of the day on which elements count."""


class Timetable:
    """The elements of one tariff version over time, at one site."""

    def __init__(self, version: TariffVersion, zone: ZoneInfo) -> None:
        self.version = version
        self.calendar = Calendar(zone, version.seasons, version.holidays)
        self._restrictions = [element.restrictions for element in version.elements]
        self._all = tuple(range(len(self._restrictions)))
        dates = {day for each in self._restrictions for day in (each.start_date, each.end_date)}
        self._dates = frozenset(day for day in dates if day is not None)
        self._plans: dict[DayKind, Plan] = {}
        self._days: dict[date, tuple[Span, ...]] = {}

    def spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        """Return what counts between two moments, in order and without a gap."""
        day = self.calendar.date_of(start)
        while True:
            for span in self.day(day):
                if span.end <= start:
                    continue
                if span.start >= end:
                    return
                yield Span(max(span.start, start), min(span.end, end), span.elements)
            day += _DAY

    def at(self, moment: datetime) -> Span:
        """Return the span of the local day that a moment is in."""
        days = self.day(self.calendar.date_of(moment))
        return next(span for span in days if span.start <= moment < span.end)

    def day(self, day: date) -> tuple[Span, ...]:
        """Return a local day's spans; 23 or 25 hours where the clock is changed."""
        spans = self._days.get(day)
        if spans is None:
            if len(self._days) >= _MAX_DAYS:
                self._days.clear()
            spans = tuple(_merged(self._day(day)))
            self._days[day] = spans
        return spans

    def kinds(self, day: date) -> tuple[DayKind, ...]:
        """Return the kind of a day, one for each of its segments."""
        return tuple(self._kind(day, offset) for offset in self.calendar.offsets(day))

    def all_kinds(self, start: date, end: date) -> Iterator[tuple[date, DayKind]]:
        """Return the kinds of all days from one until before another, each with its first day."""
        seen: set[DayKind] = set()
        for day in self._telling_days(start, end):
            for kind in self.kinds(day):
                if kind not in seen:
                    seen.add(kind)
                    yield day, kind

    def _telling_days(self, start: date, end: date) -> Iterator[date]:
        """Return all days that may be the first of a kind."""
        for year in range(start.year, end.year + 1):
            first, until = max(start, date(year, 1, 1)), min(end, date(year + 1, 1, 1))
            holidays = sorted(self.calendar.holidays(year))
            turns = self.calendar.turns(year) | self._dates
            borders = [first, *sorted(day for day in turns if first < day < until), until]
            for one, next_ in pairwise(borders):
                yield from _different_days(one, next_, holidays)

    def _day(self, day: date) -> Iterator[Span]:
        for segment in self.calendar.segments(day):
            plan = self.plan(self._kind(day, segment.offset))
            midnight = datetime.combine(day, time(), UTC) - segment.offset
            for index, (second, elements) in enumerate(plan):
                until_s = plan[index + 1][0] if index + 1 < len(plan) else 2 * _DAY_S
                # A day longer than 24 hours by wall time runs on in its last period.
                start = max(segment.start, midnight + timedelta(seconds=second))
                end = min(segment.end, midnight + timedelta(seconds=until_s))
                if start < end:
                    yield Span(start, end, elements)

    def _kind(self, day: date, offset: timedelta) -> DayKind:
        return DayKind(
            self.calendar.day_of(day),
            self.calendar.seasons_of(day, offset),
            self._dated(day),
        )

    def _dated(self, day: date) -> tuple[int, ...]:
        if not self._dates:
            return self._all
        return tuple(i for i, each in enumerate(self._restrictions) if _dates_include(each, day))

    def plan(self, kind: DayKind) -> Plan:
        """Return which elements count on a kind of day, by its wall clock."""
        plan = self._plans.get(kind)
        if plan is None:
            candidates = [
                index
                for index in kind.dated
                if _suits(self._restrictions[index], kind.day, kind.seasons)
            ]
            plan = self._plans[kind] = tuple(self._cut(candidates))
        return plan

    def _cut(self, candidates: list[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
        borders = {0}
        for index in candidates:
            borders.update(_window(self._restrictions[index]))
        for second in sorted(borders - {_DAY_S}):
            yield (
                second,
                tuple(i for i in candidates if _time_includes(self._restrictions[i], second)),
            )


def _different_days(start: date, end: date, holidays: Sequence[date]) -> Iterator[date]:
    """Return the first of each day of the week, and holidays, of a time in which nothing turns."""
    day, days_of_week = start, set[int]()
    while day < end and len(days_of_week) < len(DAYS_OF_WEEK):
        if day not in holidays:
            days_of_week.add(day.weekday())
        yield day
        day += _DAY
    yield from (holiday for holiday in holidays if day <= holiday < end)


def _dates_include(restrictions: Restrictions, day: date) -> bool:
    if restrictions.start_date is not None and day < restrictions.start_date:
        return False
    return restrictions.end_date is None or day < restrictions.end_date


def _suits(restrictions: Restrictions, day: Day, seasons: frozenset[str]) -> bool:
    if restrictions.day_of_week and day not in restrictions.day_of_week:
        return False
    return restrictions.season is None or restrictions.season in seasons


def _window(restrictions: Restrictions) -> tuple[int, int]:
    """Return the seconds of the day from and until which it counts."""
    return _second_of(restrictions.start_time), _second_of(restrictions.end_time) or _DAY_S


def _time_includes(restrictions: Restrictions, second: int) -> bool:
    start, end = _window(restrictions)
    if start < end:
        return start <= second < end
    return second >= start or second < end


def _second_of(at: time | None) -> int:
    return 0 if at is None else at.hour * 3600 + at.minute * 60 + at.second


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Join neighbours in which the same elements count."""
    last: Span | None = None
    for span in spans:
        if last is not None and last.elements == span.elements and last.end == span.start:
            last = Span(last.start, span.end, span.elements)
            continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last
