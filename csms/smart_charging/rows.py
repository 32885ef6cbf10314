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
import numpy.typing as npt

from csms.smart_charging.topology import Bools, Floats, Ints

NOISE_A: Final = 1e-10
"""Sums of floats are never exact: this much, and a little for large sums, is no current."""

_MICRO: Final = 1e6
_SMALL: Final = 1 << 16


def tolerance(capacity: Floats) -> Floats:
    """How far above `capacity` a sum may be through rounding alone."""
    return np.asarray(NOISE_A + 1e-13 * np.abs(capacity))


class Rising(Protocol):
    """Rows while the common level of their EVSEs rises."""

    @property
    def capacity(self) -> Floats: ...

    def guess(self) -> Floats:
        """Per row a level to start from."""
        ...

    def at(self, level: Floats) -> tuple[Floats, Floats]:
        """Per row: used, and growth per level, when all its EVSEs are at that row's level."""
        ...

    def lower(self, reached: Floats, level: Floats) -> None:
        """Lower what every EVSE has reached to the level of its lowest row."""
        ...


class Contest(Protocol):
    """Candidates in order of precedence: who fits in beside those before him?"""

    def judge(self, undecided: Bools, doubtful: Bools, out: Bools) -> None:
        """Mark EVSEs that don't fit beside all before them, and those that don't fit alone."""
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

    def without_room(self, ask: Floats, values: Floats, out: Bools) -> None:
        """Mark the EVSEs for which there is no room for what they ask on top of all values."""
        ...

    def contest(self, rank: Ints, ask: Floats, values: Floats) -> Contest:
        """EVSEs ask for more than `values`; the smaller rank goes first."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LinearRows:
    """Plain sums: coefficient times amperes, entries sorted by row."""

    capacity: Floats
    evse: Ints
    coefficient: Floats
    starts: Ints
    """Per row its first entry; no row is empty."""
    counts: Ints

    @staticmethod
    def build(evse: Ints, coefficient: Floats, row: Ints, capacity: Floats) -> LinearRows:
        """Entries sorted by row; rows without entries fall away (nothing can overload them)."""
        counts = np.bincount(row, minlength=len(capacity))
        return LinearRows._of_counts(evse, coefficient, counts, capacity)

    @staticmethod
    def _of_counts(evse: Ints, coefficient: Floats, counts: Ints, capacity: Floats) -> LinearRows:
        filled = np.flatnonzero(counts)
        counts = counts[filled]
        return LinearRows(capacity[filled], evse, coefficient, counts.cumsum() - counts, counts)

    def used(self, values: Floats) -> Floats:
        return self._sums(self.coefficient * values[self.evse])

    def touching(self, rows: Bools, evses: Bools) -> None:
        evses[self.evse[np.repeat(rows, self.counts)]] = True

    def binding(self, moving: Bools, values: Floats, high: Floats) -> LinearRows:
        tight = self.used(np.where(moving, high, values)) > self.capacity + NOISE_A
        kept = moving[self.evse]
        kept &= np.repeat(tight, self.counts)
        left = np.maximum(self.capacity - self.used(np.where(moving, 0.0, values)), 0.0)
        counts = np.add.reduceat(kept, self.starts, dtype=np.intp) if len(tight) else self.counts
        entries = np.flatnonzero(kept)
        return self._of_counts(self.evse[entries], self.coefficient[entries], counts, left)

    def rising(self, weight: Floats, low: Floats, high: Floats) -> LinearRising:
        gain = self.coefficient * weight[self.evse]
        return LinearRising(self, gain, (low / weight)[self.evse], (high / weight)[self.evse])

    def without_room(self, ask: Floats, values: Floats, out: Bools) -> None:
        room = self.capacity + tolerance(self.capacity) - self.used(values)
        out[self.evse[self.coefficient * ask[self.evse] > np.repeat(room, self.counts)]] = True

    def contest(self, rank: Ints, ask: Floats, values: Floats) -> LinearContest:
        room = self.capacity - self.used(values)
        asked = self.coefficient * ask[self.evse]
        short = self._sums(asked) > room
        kept = np.flatnonzero((asked > 0) & np.repeat(short, self.counts))
        row = np.repeat(np.arange(len(short)), self.counts)[kept]
        evse = self.evse[kept]
        order = np.lexsort((_compact(rank)[evse], _compact(row)))
        micro = np.ceil(asked[kept][order] * _MICRO - 1e-3)
        room_micro = np.floor((room + tolerance(self.capacity)) * _MICRO)
        return LinearContest(row[order], evse[order], micro, room_micro)

    def _sums(self, entries: Floats) -> Floats:
        return np.add.reduceat(entries, self.starts) if len(self.starts) else np.zeros(0)


def _compact(numbers: Ints) -> npt.NDArray[np.integer]:
    """Small whole numbers in two bytes, which sort much faster."""
    return numbers.astype(np.uint16) if len(numbers) < _SMALL else numbers


@dataclass(frozen=True, slots=True, eq=False)
class LinearRising:
    rows: LinearRows
    gain: Floats
    low: Floats
    high: Floats

    @property
    def capacity(self) -> Floats:
        return self.rows.capacity

    def guess(self) -> Floats:
        return self.rows.capacity / self.rows._sums(self.gain)

    def at(self, level: Floats) -> tuple[Floats, Floats]:
        levels = np.repeat(level, self.rows.counts)
        reached = np.maximum(levels, self.low)
        np.minimum(reached, self.high, out=reached)
        moving = self.gain * (reached == levels)
        reached *= self.gain
        return self.rows._sums(reached), self.rows._sums(moving)

    def lower(self, reached: Floats, level: Floats) -> None:
        np.minimum.at(reached, self.rows.evse, np.repeat(level, self.rows.counts))


@dataclass(slots=True, eq=False)
class LinearContest:
    """In whole millionths: sums of whole numbers are exact. Demands rounded up, room down."""

    row: Ints
    evse: Ints
    demand: Floats
    room: Floats

    def judge(self, undecided: Bools, doubtful: Bools, out: Bools) -> None:
        kept = np.flatnonzero(undecided[self.evse])
        if not len(kept):
            return
        self.row, self.evse, self.demand = self.row[kept], self.evse[kept], self.demand[kept]
        room = self.room[self.row]
        doubtful[self.evse[running_sums(self.demand, self.row) > room]] = True
        out[self.evse[self.demand > room]] = True

    def accept(self, accepted: Bools) -> None:
        taken = self.demand * accepted[self.evse]
        self.room -= np.bincount(self.row, taken, minlength=len(self.room))


def running_sums(values: Floats, row: Ints) -> Floats:
    """Running sums within each row; `row` is sorted, values may have several columns."""
    total = values.cumsum(axis=0)
    fresh = np.empty(len(row), np.bool_)
    fresh[0] = True
    np.not_equal(row[1:], row[:-1], out=fresh[1:])
    starts = np.flatnonzero(fresh)
    before = total[starts] - values[starts]
    return np.asarray(total - before[fresh.cumsum() - 1])
