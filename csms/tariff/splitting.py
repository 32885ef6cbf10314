"""A transaction's energy over time, by its readings: parts that add up to the whole, exactly.

The whole is the transaction's energy; readings tell how much of it had flowed at a moment. Between
two readings energy flows evenly; before the first and after the last nothing is made up, unless
the whole says that there was more. Registers that fall back, single stray readings and readings of
another scale than the registers are survived and flagged.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from itertools import pairwise, starmap
from operator import ge, le, sub
from typing import Final, NamedTuple

from csms.tariff.usage import Activity, Reading, Usage

ZERO: Final = Decimal(0)
GRAIN_WH: Final = Decimal("0.0001")
"""Energy at a border between readings is rounded to this, once for both sides."""
IDLE_BELOW_W: Final = 100
"""A vehicle that takes less is not charging (a charging one takes 6 A)."""
FAR_APART: Final = timedelta(hours=1)
"""Readings around a border that are further apart leave doubt about what flowed on which side."""

_MICROSECOND: Final = timedelta(microseconds=1)
_IDLE_WH_PER_US: Final = Decimal(IDLE_BELOW_W) / Decimal(3_600_000_000)


class SplitFlag(StrEnum):
    """What a payer should know of how energy was spread over time."""

    NO_READINGS = "no_readings"
    """Nothing was read between start and end: spread evenly."""
    FAR_APART = "readings_far_apart"
    """Around a border between periods there was no reading for more than an hour."""
    INCOMPLETE = "readings_incomplete"
    """Some energy flowed while nothing was read: spread evenly over that time."""
    DISAGREE = "readings_disagree"
    """Readings sum up to another energy than the transaction's: scaled."""
    REGISTER_FELL = "register_fell"
    """Stray readings were left out, or the register restarted."""


class Curve(NamedTuple):
    """The energy that had flowed at some moments; between two of them it flows evenly."""

    at: list[datetime]
    wh: list[Decimal]
    proven: list[bool] | None
    """Whether each interval lies between readings of one run; None: all do."""
    readings: Sequence[Reading] | None
    """The reading at each moment; None: all that there are were needed."""
    flags: frozenset[SplitFlag]

    def wh_at(self, moment: datetime) -> Decimal:
        """Return the energy that had flowed by a moment."""
        index = bisect_right(self.at, moment)
        if index == 0:
            return ZERO
        if index == len(self.at):
            return self.wh[-1]
        since, until = self.at[index - 1], self.at[index]
        before, after = self.wh[index - 1], self.wh[index]
        if moment == since or before == after:
            return before
        share = (after - before) * ((moment - since) // _MICROSECOND)
        return before + (share / ((until - since) // _MICROSECOND)).quantize(
            GRAIN_WH, ROUND_HALF_UP
        )

    def reached_at(self, energy_wh: Decimal) -> datetime | None:
        """Return when so much had flowed; None if it never did."""
        index = bisect_left(self.wh, energy_wh)
        if index == len(self.wh):
            return None
        if index == 0 or self.wh[index] == energy_wh:
            return self.at[index]
        since, before = self.at[index - 1], self.wh[index - 1]
        share = (energy_wh - before) / (self.wh[index] - before)
        return since + timedelta(
            microseconds=int(share * ((self.at[index] - since) // _MICROSECOND))
        )

    def around(self, moment: datetime) -> tuple[int, int]:
        """Return the indexes of the points at or around a moment."""
        after = min(bisect_left(self.at, moment), len(self.at) - 1)
        before = max(bisect_right(self.at, moment) - 1, 0)
        return min(before, after), max(before, after)

    def activities(self) -> list[tuple[datetime, Activity]]:
        """Return from which moments on the vehicle did what, as the readings show it."""
        lasted = list(map(sub, self.at[1:], self.at))
        rises = map(sub, self.wh[1:], self.wh)
        charging = list(map(ge, rises, map(_IdleEnergy().__getitem__, lasted)))
        if self.proven is None and timedelta() not in lasted:
            return list(self._changes(charging))
        found: list[tuple[datetime, Activity]] = []
        for index, active in enumerate(charging):
            activity = self._activity(index, charging=active)
            if lasted[index] and not (found and found[-1][1] is activity):
                found.append((self.at[index], activity))
        return found

    def _changes(self, charging: list[bool]) -> Iterator[tuple[datetime, Activity]]:
        """The usual case, at the speed of a search."""
        index = 0
        while index < len(charging):
            active = charging[index]
            yield self.at[index], self._activity(index, charging=active)
            try:
                index = charging.index(not active, index)
            except ValueError:
                return

    def _activity(self, index: int, *, charging: bool) -> Activity:
        if charging:
            return Activity.CHARGING
        proven = self.proven is None or self.proven[index]
        return Activity.PARKED if proven else Activity.UNKNOWN


class _IdleEnergy(dict[timedelta, Decimal]):
    """The energy from which on a vehicle counts as charging over a time; mostly the same times."""

    def __missing__(self, lasted: timedelta) -> Decimal:
        energy_wh = self[lasted] = _IDLE_WH_PER_US * (lasted // _MICROSECOND)
        return energy_wh


def curve_of(usage: Usage, whole_wh: Decimal) -> Curve:
    """Spread a transaction's energy over its time by its readings."""
    points = _points(usage)
    if points and points[0].at == usage.started_at and points[-1].at == usage.ended_at:
        curve = _straight(points, whole_wh)
        if curve is not None:
            return curve
    return _pieced(usage, whole_wh)


def _points(usage: Usage, *, start: bool = True, stop: bool = True) -> list[Reading]:
    """Return the readings within the transaction in time order, with its registers."""
    started_at, ended_at = usage.started_at, usage.ended_at
    points = sorted(usage.readings)
    if points and (points[0].at < started_at or points[-1].at > ended_at):
        points = [each for each in points if started_at <= each.at <= ended_at]
    if start and usage.meter_start_wh is not None:
        points.insert(0, Reading(started_at, usage.meter_start_wh))
    if stop and usage.meter_stop_wh is not None and not usage.running:
        points.append(Reading(ended_at, usage.meter_stop_wh))
    return points


def _straight(points: list[Reading], whole_wh: Decimal) -> Curve | None:
    """The usual case: one register that only rose, by as much as the transaction took."""
    registers = [point.register_wh for point in points]
    first_wh = registers[0]
    if registers[-1] - first_wh != whole_wh or not all(starmap(le, pairwise(registers))):
        return None
    at = [point.at for point in points]
    wh = [register - first_wh for register in registers]
    if any(at[0] < each < at[-1] for each in at):
        return Curve(at, wh, None, points, frozenset())
    nothing_proven = [False] * (len(at) - 1)
    return Curve(at, wh, nothing_proven, points, frozenset({SplitFlag.NO_READINGS}))


class _Run(NamedTuple):
    """Readings over which the register never fell."""

    points: list[Reading]

    @property
    def rise_wh(self) -> Decimal:
        return self.points[-1].register_wh - self.points[0].register_wh


def _pieced(usage: Usage, whole_wh: Decimal) -> Curve:
    """Whatever else comes: fit the readings into the whole, as little changed as can be.

    Registers may be of another scale than readings: whichever leave the least to guess, without
    showing more than there was, are used with them.
    """
    best, strays = _runs(_points(usage, start=False, stop=False))
    best_wh = _rise_wh(best)
    for start, stop in ((False, True), (True, False), (True, True)):
        runs, some_strays = _runs(_points(usage, start=start, stop=stop))
        rise_wh = _rise_wh(runs)
        known = rise_wh > best_wh or (rise_wh == best_wh and len(runs) <= len(best))
        if rise_wh <= whole_wh and (known or best_wh > whole_wh):
            best, best_wh, strays = runs, rise_wh, some_strays
    flags = {SplitFlag.REGISTER_FELL} if strays or len(best) > 1 else set[SplitFlag]()
    return _fit(usage, whole_wh, best, flags)


def _rise_wh(runs: Sequence[_Run]) -> Decimal:
    return sum((run.rise_wh for run in runs), ZERO)


def _runs(points: Sequence[Reading]) -> tuple[list[_Run], bool]:
    """Cut where the register fell; say whether single stray readings were left out."""
    runs: list[_Run] = []
    strays = False
    for index, point in enumerate(points):
        kept = runs[-1].points if runs else []
        if not kept or point.register_wh >= kept[-1].register_wh:
            if runs:
                kept.append(point)
            else:
                runs.append(_Run([point]))
            continue
        after = points[index + 1] if index + 1 < len(points) else None
        if after is not None and after.register_wh >= kept[-1].register_wh:
            strays = True  # this one dipped
        elif len(kept) > 1 and kept[-2].register_wh <= point.register_wh:
            kept[-1] = point  # the one before leapt
            strays = True
        else:
            runs.append(_Run([point]))
    return runs, strays


def _fit(usage: Usage, whole_wh: Decimal, runs: list[_Run], flags: set[SplitFlag]) -> Curve:
    """Join runs into one curve; what they lack goes evenly over the time between them."""
    known_wh = _rise_wh(runs)
    gaps = _gaps(usage, runs)
    unread = sum(((end - start) // _MICROSECOND for start, end in gaps), 0)
    rest_wh = whole_wh - known_wh
    scale = Decimal(1)
    if not sum(len(run.points) for run in runs) or (rest_wh > ZERO and not unread and not known_wh):
        return _even(usage, whole_wh)
    if rest_wh < ZERO or (rest_wh > ZERO and not unread):
        scale, rest_wh = whole_wh / known_wh, ZERO
        flags.add(SplitFlag.DISAGREE)
    elif rest_wh > ZERO:
        flags.add(SplitFlag.INCOMPLETE)
    if not any(usage.started_at < p.at < usage.ended_at for run in runs for p in run.points):
        flags.add(SplitFlag.NO_READINGS)
    return _joined(usage, whole_wh, runs, _Fitting(rest_wh, unread, scale, frozenset(flags)))


class _Fitting(NamedTuple):
    rest_wh: Decimal
    unread_us: int
    scale: Decimal
    flags: frozenset[SplitFlag]


def _joined(usage: Usage, whole_wh: Decimal, runs: list[_Run], fitting: _Fitting) -> Curve:
    at, exact_wh, proven = [usage.started_at], [ZERO], list[bool]()

    def go_on(moment: datetime, rise_wh: Decimal, sure: bool) -> None:
        if moment > at[-1] or rise_wh:
            at.append(moment)
            exact_wh.append(exact_wh[-1] + rise_wh)
            proven.append(sure)

    def bridge(until: datetime) -> None:
        gap_us = (until - at[-1]) // _MICROSECOND
        share = fitting.rest_wh * gap_us / fitting.unread_us if fitting.unread_us else ZERO
        go_on(until, share, sure=False)

    for run in runs:
        bridge(run.points[0].at)
        for before, point in pairwise(run.points):
            go_on(point.at, (point.register_wh - before.register_wh) * fitting.scale, sure=True)
    bridge(usage.ended_at)
    wh = [min(each.quantize(GRAIN_WH, ROUND_HALF_UP), whole_wh) for each in exact_wh]
    wh[-1] = whole_wh
    return Curve(at, wh, proven, None, fitting.flags)


def _gaps(usage: Usage, runs: Sequence[_Run]) -> list[tuple[datetime, datetime]]:
    """Return the times between the ends of the transaction and its runs."""
    ends = [usage.started_at]
    for run in runs:
        ends += [run.points[0].at, run.points[-1].at]
    ends.append(usage.ended_at)
    return list(zip(ends[::2], ends[1::2], strict=True))


def _even(usage: Usage, whole_wh: Decimal) -> Curve:
    flags = frozenset({SplitFlag.NO_READINGS})
    return Curve([usage.started_at, usage.ended_at], [ZERO, whole_wh], [False], None, flags)
