"""Rows: sums of what EVSEs draw, each with a capacity. The form in which limits are obeyed.

Every coefficient is positive, so whatever holds for some values holds for all smaller ones: a car
that draws less than it may never overloads anything. All limits of an installation (breakers,
power, imbalance, surplus) are such sums; only the currents of lines with cars between them are
not, see `line_currents`, which offers the same verbs.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from csms.smart_charging.topology import Bools, Floats, Ints

NOISE_A: Final = 1e-10
"""Sums of floats are never exact: this much, and a little for large sums, is no current."""

_MICRO: Final = 1e6
_NOBODY: Final = np.zeros(0, np.intp)


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
    """Candidates for the room that is left in some rows."""

    def line_up(self, undecided: Bools, rank: Ints) -> None:
        """Only these are left; the smaller rank goes first."""
        ...

    def judge(self, undecided: Bools, doubtful: Bools, out: Bools) -> None:
        """Mark EVSEs that don't fit beside all before them, and those that don't fit alone."""
        ...

    def accept(self, accepted: Bools) -> None:
        """Take these out of what is left, once."""
        ...

    def sit_down(self, undecided: Bools) -> None:
        """From here on only `fits` and `take` are called: for the few that are left."""
        ...

    def fits(self, evse: int) -> bool: ...

    def take(self, evse: int) -> None: ...


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

    def contest(self, ask: Floats, values: Floats, out: Bools) -> Contest:
        """EVSEs ask for more than `values`; marks those for which there is no room at all."""
        ...


class LinearRows:
    """Plain sums: coefficient times amperes, entries sorted by row.

    Lives for one allocation and is used by one thread: it keeps a buffer to compute in, because
    fresh memory costs more than the sums.
    """

    def __init__(
        self, capacity: Floats, evse: Ints, coefficient: Floats | None, counts: Ints
    ) -> None:
        """`counts` entries for each row, none is empty; no coefficient means 1 for all."""
        self.capacity = capacity
        self.evse = evse
        self.coefficient = coefficient
        self.counts = counts
        self.starts = counts.cumsum() - counts
        self._buffer = np.empty(len(evse))

    @staticmethod
    def build(evse: Ints, coefficient: Floats | None, row: Ints, capacity: Floats) -> LinearRows:
        """Entries sorted by row; rows without entries fall away (nothing can overload them)."""
        counts = np.bincount(row, minlength=len(capacity))
        return _rows_of(evse, coefficient, counts, capacity)

    def used(self, values: Floats) -> Floats:
        return self.sums(self._spread(values))

    def touching(self, rows: Bools, evses: Bools) -> None:
        evses[self.evse[rows.repeat(self.counts)]] = True

    def binding(self, moving: Bools, values: Floats, high: Floats) -> LinearRows:
        tight = self.used(np.where(moving, high, values)) > self.capacity + NOISE_A
        left = np.maximum(self.capacity - self.used(np.where(moving, 0.0, values)), 0.0)
        kept = moving[self.evse]
        kept &= tight.repeat(self.counts)
        counts = np.add.reduceat(kept, self.starts, dtype=np.intp) if len(tight) else self.counts
        entries = kept.nonzero()[0]
        coefficient = None if self.coefficient is None else self.coefficient[entries]
        return _rows_of(self.evse[entries], coefficient, counts, left)

    def rising(self, weight: Floats, low: Floats, high: Floats) -> LinearRising:
        return LinearRising(self, weight, low, high)

    def contest(self, ask: Floats, values: Floats, out: Bools) -> LinearContest:
        room = self.capacity - self.used(values)
        asked = self._spread(ask)
        short = self.sums(asked) > room
        micro = np.floor((room + tolerance(self.capacity)) * _MICRO)
        kept = short.repeat(self.counts).nonzero()[0] if np.count_nonzero(short) else _NOBODY
        kept = kept[asked[kept] > 0]
        row = np.arange(len(short)).repeat(self.counts)[kept]
        contest = LinearContest(row, self.evse[kept], np.ceil(asked[kept] * _MICRO - 1e-3), micro)
        contest.mark_out(out)
        return contest

    def sums(self, entries: Floats | Bools) -> Floats:
        """Per row."""
        if not len(self.starts):
            return np.zeros(0)
        return np.add.reduceat(entries, self.starts, dtype=np.float64)

    def _spread(self, per_evse: Floats) -> Floats:
        """Per entry, valid until the next call."""
        per_evse.take(self.evse, out=self._buffer, mode="clip")
        if self.coefficient is not None:
            self._buffer *= self.coefficient
        return self._buffer


def _rows_of(evse: Ints, coefficient: Floats | None, counts: Ints, capacity: Floats) -> LinearRows:
    filled = counts.nonzero()[0]
    return LinearRows(capacity[filled], evse, coefficient, counts[filled])


class LinearRising:
    def __init__(self, rows: LinearRows, weight: Floats, low: Floats, high: Floats) -> None:
        self._rows = rows
        self._low = (low / weight)[rows.evse]
        self._high = (high / weight)[rows.evse]
        self._gain = _gain(rows, weight)
        self._row = np.arange(len(rows.counts)).repeat(rows.counts)
        self._levels = np.empty(len(rows.evse))
        self._reached = np.empty(len(rows.evse))

    @property
    def capacity(self) -> Floats:
        return self._rows.capacity

    def guess(self) -> Floats:
        gain = self._rows.counts if self._gain is None else self._rows.sums(self._gain)
        return self._rows.capacity / gain

    def at(self, level: Floats) -> tuple[Floats, Floats]:
        levels, reached = self._levels, self._reached
        level.take(self._row, out=levels, mode="clip")
        np.maximum(levels, self._low, out=reached)
        np.minimum(reached, self._high, out=reached)
        moving = levels == reached
        if self._gain is None:
            return self._rows.sums(reached), self._rows.sums(moving)
        reached *= self._gain
        np.multiply(self._gain, moving, out=levels)
        return self._rows.sums(reached), self._rows.sums(levels)

    def lower(self, reached: Floats, level: Floats) -> None:
        level.take(self._row, out=self._levels, mode="clip")
        np.minimum.at(reached, self._rows.evse, self._levels)


def _gain(rows: LinearRows, weight: Floats) -> Floats | None:
    """Per entry: growth per level; None is 1 everywhere."""
    if (weight == 1.0).all():
        return rows.coefficient
    gain = weight[rows.evse]
    return gain if rows.coefficient is None else gain * rows.coefficient


class LinearContest:
    """In whole millionths: sums of whole numbers are exact. Demands rounded up, room down."""

    def __init__(self, row: Ints, evse: Ints, demand: Floats, room: Floats) -> None:
        self._row = row
        self._evse = evse
        self._demand = demand
        self._room = room
        self._left: list[float] = []
        self._asked: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)

    def mark_out(self, out: Bools) -> None:
        out[self._evse[self._demand > self._room[self._row]]] = True

    def line_up(self, undecided: Bools, rank: Ints) -> None:
        self._keep(undecided[self._evse].nonzero()[0])
        self._keep(np.lexsort((_compact(rank)[self._evse], _compact(self._row))))

    def judge(self, undecided: Bools, doubtful: Bools, out: Bools) -> None:
        self._keep(undecided[self._evse].nonzero()[0])
        if len(self._evse):
            late = running_sums(self._demand, self._row) > self._room[self._row]
            doubtful[self._evse[late]] = True
            self.mark_out(out)

    def accept(self, accepted: Bools) -> None:
        taken = self._demand * accepted[self._evse]
        self._room -= np.bincount(self._row, taken, minlength=len(self._room))

    def sit_down(self, undecided: Bools) -> None:
        self._keep(undecided[self._evse].nonzero()[0])
        self._left = self._room.tolist()
        asked = self._asked
        entries = (self._evse.tolist(), self._row.tolist(), self._demand.tolist())
        for evse, row, demand in zip(*entries, strict=True):
            asked[evse].append((row, demand))

    def fits(self, evse: int) -> bool:
        return all(demand <= self._left[row] for row, demand in self._asked[evse])

    def take(self, evse: int) -> None:
        for row, demand in self._asked[evse]:
            self._left[row] -= demand

    def _keep(self, entries: Ints) -> None:
        self._row = self._row[entries]
        self._evse = self._evse[entries]
        self._demand = self._demand[entries]


def _compact(numbers: Ints) -> npt.NDArray[np.integer]:
    """Small whole numbers in two bytes, which sort much faster."""
    small = not numbers.size or numbers.max() < 1 << 16
    return numbers.astype(np.uint16) if small else numbers


def running_sums(values: Floats, row: Ints) -> Floats:
    """Running sums within each row; `row` is sorted, values may have several columns."""
    total = values.cumsum(axis=0)
    fresh = np.empty(len(row), np.bool_)
    fresh[0] = True
    np.not_equal(row[1:], row[:-1], out=fresh[1:])
    starts = fresh.nonzero()[0]
    before = total[starts] - values[starts]
    return np.asarray(total - before[fresh.cumsum() - 1])
