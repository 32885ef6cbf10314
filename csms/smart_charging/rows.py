"""Rows: sums of what EVSEs draw, each with a capacity. The form in which limits are obeyed.

Every coefficient is positive, so whatever holds for some values holds for all smaller ones: a car
that draws less than it may never overloads anything. All limits of an installation (breakers,
power, imbalance, surplus) are such sums; only the currents of lines with cars between them are
not, see `line_currents`, which offers the same verbs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from csms.smart_charging.topology import Bools, Floats, Ints

NOISE_A: Final = 1e-10
"""Sums of floats are never exact: this much, and a little for large sums, is no current."""

_MICRO: Final = 1e6


def tolerance(capacity: Floats) -> Floats:
    """How far above `capacity` a sum may be through rounding alone."""
    return np.asarray(NOISE_A + 1e-13 * np.abs(capacity))


class Rising(Protocol):
    """Rows while the common level of their EVSEs rises."""

    @property
    def capacity(self) -> Floats: ...

    def at(self, level: Floats) -> tuple[Floats, Floats]:
        """Per row: used, and growth per level, when all its EVSEs are at that row's level."""
        ...

    def lower(self, reached: Floats, level: Floats) -> None:
        """Lower what every EVSE has reached to the level of its lowest row."""
        ...


class Contest(Protocol):
    """Candidates in a row of precedence: who fits in beside those before him?"""

    def judge(self, undecided: Bools) -> tuple[Bools, Bools]:
        """EVSEs with doubts: (not surely in, surely out)."""
        ...

    def accept(self, accepted: Bools) -> None:
        """Take these out of what is left, once."""
        ...


class Rows(Protocol):
    """A set of rows over the same EVSEs."""

    @property
    def capacity(self) -> Floats: ...

    def used(self, values: Floats) -> Floats:
        """Per row, with `values` amperes per EVSE."""
        ...

    def touching(self, rows: Bools, evses: Bools) -> None:
        """Mark the EVSEs that are in one of these rows."""
        ...

    def binding(self, moving: Bools, values: Floats, high: Floats) -> Rows:
        """The rows that could stop some of `moving` on the way to `high`.

        Over the moving ones alone; the others stay at `values` and are taken off the capacity.
        """
        ...

    def rising(self, weight: Floats, low: Floats, high: Floats) -> Rising:
        """The level counts per weight; bounds in amperes."""
        ...

    def contest(self, rank: Ints, demand: Floats, candidates: Bools, values: Floats) -> Contest:
        """`candidates` ask for `demand` more than `values`; the smaller rank goes first."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LinearRows:
    """Plain sums: coefficient times amperes, entries sorted by row."""

    capacity: Floats
    evse: Ints
    coefficient: Floats
    row: Ints
    starts: Ints
    """Per row its first entry; no row is empty."""

    @staticmethod
    def build(evse: Ints, coefficient: Floats, row: Ints, capacity: Floats) -> LinearRows:
        """Entries sorted by row; rows without entries fall away (nothing can overload them)."""
        if not len(row):
            empty = np.zeros(0, np.intp)
            return LinearRows(np.zeros(0), empty, np.zeros(0), empty, empty)
        fresh = np.empty(len(row), np.bool_)
        fresh[0] = True
        np.not_equal(row[1:], row[:-1], out=fresh[1:])
        starts = np.flatnonzero(fresh)
        kept = capacity[row[starts]]
        local = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(row)))
        return LinearRows(kept, evse, coefficient, local, starts)

    def used(self, values: Floats) -> Floats:
        return self._sums(self.coefficient * values[self.evse])

    def touching(self, rows: Bools, evses: Bools) -> None:
        evses[self.evse[rows[self.row]]] = True

    def binding(self, moving: Bools, values: Floats, high: Floats) -> LinearRows:
        mine = moving[self.evse]
        at_most = self._sums(self.coefficient * np.where(mine, high[self.evse], 0.0))
        fixed = self._sums(self.coefficient * np.where(mine, 0.0, values[self.evse]))
        left = np.maximum(self.capacity - fixed, 0.0)
        tight = at_most > left + tolerance(self.capacity)
        kept = np.flatnonzero(mine & tight[self.row])
        return LinearRows.build(self.evse[kept], self.coefficient[kept], self.row[kept], left)

    def rising(self, weight: Floats, low: Floats, high: Floats) -> LinearRising:
        gain = self.coefficient * weight[self.evse]
        return LinearRising(self, gain, (low / weight)[self.evse], (high / weight)[self.evse])

    def contest(
        self, rank: Ints, demand: Floats, candidates: Bools, values: Floats
    ) -> LinearContest:
        room = self.capacity - self.used(values)
        asked = self.coefficient * np.where(candidates, demand, 0.0)[self.evse]
        short = self._sums(asked) > room
        kept = np.flatnonzero((asked > 0) & short[self.row])
        row, evse = self.row[kept], self.evse[kept]
        order = np.lexsort((rank[evse], row))
        micro = np.ceil(asked[kept][order] * _MICRO - 1e-3)
        room_micro = np.floor((room + tolerance(self.capacity)) * _MICRO)
        return LinearContest(row[order], evse[order], micro, room_micro)

    def _sums(self, entries: Floats) -> Floats:
        if not len(self.starts):
            return np.zeros(0)
        return np.add.reduceat(entries, self.starts)


@dataclass(frozen=True, slots=True, eq=False)
class LinearRising:
    rows: LinearRows
    gain: Floats
    low: Floats
    high: Floats

    @property
    def capacity(self) -> Floats:
        return self.rows.capacity

    def at(self, level: Floats) -> tuple[Floats, Floats]:
        levels = level[self.rows.row]
        used = self.rows._sums(self.gain * np.clip(levels, self.low, self.high))
        moving = (levels >= self.low) & (levels < self.high)
        return used, self.rows._sums(self.gain * moving)

    def lower(self, reached: Floats, level: Floats) -> None:
        np.minimum.at(reached, self.rows.evse, level[self.rows.row])


@dataclass(slots=True, eq=False)
class LinearContest:
    """In whole millionths: sums of whole numbers are exact. Demands rounded up, room down."""

    row: Ints
    evse: Ints
    demand: Floats
    room: Floats

    def judge(self, undecided: Bools) -> tuple[Bools, Bools]:
        kept = np.flatnonzero(undecided[self.evse])
        self.row, self.evse, self.demand = self.row[kept], self.evse[kept], self.demand[kept]
        doubtful, out = np.zeros_like(undecided), np.zeros_like(undecided)
        if not len(kept):
            return doubtful, out
        room = self.room[self.row]
        doubtful[self.evse[_running(self.demand, self.row) > room]] = True
        out[self.evse[self.demand > room]] = True
        return doubtful, out

    def accept(self, accepted: Bools) -> None:
        taken = np.where(accepted[self.evse], self.demand, 0.0)
        self.room -= np.bincount(self.row, taken, minlength=len(self.room))


def _running(values: Floats, row: Ints) -> Floats:
    """Running sums within each row; `row` is sorted."""
    total = np.cumsum(values)
    before = total - values
    first = np.searchsorted(row, row, side="left")
    return np.asarray(total - before[first])
