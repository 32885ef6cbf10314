"""Rows: sums of what EVSEs draw, each with a capacity. The form in which limits are obeyed.

Every coefficient is positive, so whatever holds for some values holds for all smaller ones: a car
that draws less than it may never overloads anything. All limits of an installation (breakers,
power, imbalance, surplus) are such sums; only the currents of lines with cars between them are
not, see `line_currents`, which offers the same verbs.
"""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np

from csms.smart_charging.contest import Contest, LinearContest, by_row_and_rank
from csms.smart_charging.levels import (
    NOISE_A,
    Climb,
    level_between_marks,
    level_by_steps,
    tolerance,
)
from csms.smart_charging.topology import Bools, Floats, Ints

_NONE: Final = np.zeros(0, np.intp)
_ROOMY: Final = 4
"""A table of rows and marks may be so many times as large as the rows themselves."""


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

    def lower(self, reached: Floats, climb: Climb) -> float:
        """Lower what every EVSE has reached to the level of its lowest row, were it just full.

        Returns the lowest of these levels.
        """
        ...

    def contest(self, ask: Floats, rank: Ints, values: Floats) -> Contest:
        """EVSEs ask for more than `values`, those who ask for 0 don't; smaller ranks go first."""
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
        evses[self.evse[rows.repeat(self.counts).nonzero()[0]]] = True

    def binding(self, moving: Bools, values: Floats, high: Floats) -> LinearRows:
        tight = self.used(np.where(moving, high, values)) > self.capacity + NOISE_A
        left = np.maximum(self.capacity - self.used(np.where(moving, 0.0, values)), 0.0)
        kept = moving.take(self.evse)
        kept &= tight.repeat(self.counts)
        entries, counts = self._where(kept)
        coefficient = None if self.coefficient is None else self.coefficient[entries]
        return _rows_of(self.evse[entries], coefficient, counts, left)

    def lower(self, reached: Floats, climb: Climb) -> float:
        gain = self._gain(climb)
        if len(self.capacity) * len(climb.marks) <= _ROOMY * len(self.evse):
            level = self._level_between_marks(climb, gain)
        else:
            level = level_by_steps(LinearCurve(self, climb, gain), climb)
        np.minimum.at(reached, self.evse, level.repeat(self.counts))
        return float(level.min())

    def _level_between_marks(self, climb: Climb, gain: Floats | None) -> Floats:
        width = len(self.capacity)
        shape, size = (len(climb.marks), width), len(climb.marks) * width
        row = np.arange(width).repeat(self.counts)
        begins = (climb.begins * width).take(self.evse)
        begins += row
        ends = (climb.ends * width).take(self.evse)
        ends += row
        begun = np.bincount(begins, gain, minlength=size)
        ended = np.bincount(ends, gain, minlength=size)
        return level_between_marks(climb, begun.reshape(shape), ended.reshape(shape), self.capacity)

    def _gain(self, climb: Climb) -> Floats | None:
        """Per entry: growth per level; None is 1 everywhere."""
        if climb.is_even:
            return self.coefficient
        gain = climb.weight[self.evse]
        return gain if self.coefficient is None else gain * self.coefficient

    def contest(self, ask: Floats, rank: Ints, values: Floats) -> LinearContest:
        room = self.capacity - self.used(values)
        asked = self._spread(ask)
        kept = asked > 0
        kept &= (self.sums(asked) > room).repeat(self.counts)
        entries, counts = self._where(kept)
        row = np.arange(len(counts)).repeat(counts)
        entries = entries[by_row_and_rank(row, rank.take(self.evse.take(entries)))]
        filled = counts.nonzero()[0]
        room += tolerance(self.capacity)
        return LinearContest(
            self.evse.take(entries), asked.take(entries), counts[filled], room[filled]
        )

    def _where(self, kept: Bools) -> tuple[Ints, Ints]:
        """Which entries are kept, and how many of each row."""
        if not len(kept):
            return _NONE, _NONE
        return kept.nonzero()[0], np.add.reduceat(kept, self.starts, dtype=np.intp)

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


class LinearCurve:
    """What plain rows carry, level by level."""

    def __init__(self, rows: LinearRows, climb: Climb, gain: Floats | None) -> None:
        self._rows = rows
        self._low = climb.low[rows.evse]
        self._high = climb.high[rows.evse]
        self._gain = gain
        self._levels = np.empty(len(rows.evse))

    @property
    def capacity(self) -> Floats:
        return self._rows.capacity

    def guess(self) -> Floats:
        gain = self._rows.counts if self._gain is None else self._rows.sums(self._gain)
        return self._rows.capacity / gain

    def at(self, level: Floats) -> tuple[Floats, Floats]:
        levels = level.repeat(self._rows.counts)
        reached = np.maximum(levels, self._low, out=self._levels)
        np.minimum(reached, self._high, out=reached)
        moving = levels == reached
        if self._gain is None:
            return self._rows.sums(reached), self._rows.sums(moving)
        reached *= self._gain
        return self._rows.sums(reached), self._rows.sums(self._gain * moving)
