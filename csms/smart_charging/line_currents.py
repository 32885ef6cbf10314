"""Currents of lines that cars hang between: sums of phasors, never of plain amperes.

In an IT net a car between L1 and L2 and one between L3 and L1 share line L1, 60 degrees apart:
with x and z amperes the line carries sqrt(x² + z² + x z), 13 % less than x + z at worst.

A row here is the largest magnitude that any selection of its EVSEs could sum up to. Where all
directions are within 90 degrees that is simply all of them together; where they oppose each
other, a car that draws less than it may can't uncover what it was balancing. So, as with plain
sums, whatever holds for some values holds for all smaller ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from csms.smart_charging.contest import MICRO, millionths
from csms.smart_charging.levels import Climb, level_by_steps, tolerance
from csms.smart_charging.topology import Bools, Floats, Ints

Phasors: TypeAlias = npt.NDArray[np.complex128]

_ALIGNED: Final = 1e-9


def half_planes(directions: Phasors) -> Phasors:
    """Row x direction of unit phasors to row x selection x direction.

    The largest sum of a selection of phasors is that of all within some half plane. Turning the
    half plane round, its selection changes where an edge passes a direction: two selections per
    direction are all there are. A direction of 0 is none.
    """
    turn = directions[:, None, :] * np.conj(directions[:, :, None])
    aligned = np.abs(turn.imag) <= _ALIGNED
    ahead = np.where(aligned, turn.real < 0, turn.imag > 0)
    behind = np.where(aligned, turn.real > 0, turn.imag < 0)
    inside = np.concatenate((ahead, behind), axis=1)
    return np.asarray(np.where(inside, directions[:, None, :], 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class LineRows:
    """Magnitudes of phasor sums, plus a plain sum for EVSEs whose angle is unknown."""

    capacity: Floats
    selections: Phasors
    """Row x selection x direction."""
    base: Floats
    """Row x (direction, and last the plain sum): what is drawn whatever happens here."""
    evse: Ints
    coefficient: Floats
    row: Ints
    part: Ints
    """Per entry: the direction, or the number of directions for the plain sum."""

    def used(self, values: Floats) -> Floats:
        return self._magnitudes(self.base + self._parts(self.coefficient * values[self.evse]))

    def touching(self, rows: Bools, evses: Bools) -> None:
        evses[self.evse[rows[self.row]]] = True

    def binding(self, moving: Bools, values: Floats, high: Floats) -> LineRows:
        mine = moving[self.evse]
        fixed = np.where(mine, 0.0, values[self.evse])
        base = self.base + self._parts(self.coefficient * fixed)
        most = base + self._parts(self.coefficient * np.where(mine, high[self.evse], 0.0))
        tight = self._magnitudes(most) > self.capacity + tolerance(self.capacity)
        tight &= np.bincount(self.row[mine], minlength=len(tight)) > 0
        kept = np.flatnonzero(mine & tight[self.row])
        return LineRows(
            self.capacity[tight],
            self.selections[tight],
            base[tight],
            self.evse[kept],
            self.coefficient[kept],
            (np.cumsum(tight) - 1)[self.row[kept]],
            self.part[kept],
        )

    def lower(self, reached: Floats, climb: Climb) -> float:
        gain = self.coefficient * climb.weight[self.evse]
        curve = LineCurve(self, gain, climb.low[self.evse], climb.high[self.evse])
        level = level_by_steps(curve, climb)
        np.minimum.at(reached, self.evse, level[self.row])
        return float(level.min())

    def contest(self, ask: Floats, rank: Ints, values: Floats) -> LineContest:
        base = self.base + self._parts(self.coefficient * values[self.evse])
        kept = np.flatnonzero(ask[self.evse] > 0)
        kept = kept[np.lexsort((rank[self.evse[kept]], self.row[kept]))]
        row, evse = self.row[kept], self.evse[kept]
        once = np.ones(len(kept), np.bool_)  # an EVSE may have several directions in a row
        once[1:] = (row[1:] != row[:-1]) | (evse[1:] != evse[:-1])
        asked = np.zeros((np.count_nonzero(once), self.base.shape[1]))
        slot = (np.cumsum(once) - 1, self.part[kept])
        np.add.at(asked, slot, self.coefficient[kept] * ask[evse])
        return LineContest(self, row[once], evse[once], asked, base)

    def _parts(self, entries: Floats) -> Floats:
        slots = self.row * self.base.shape[1] + self.part
        sums = np.bincount(slots, entries, minlength=self.base.size)
        return np.asarray(sums.reshape(self.base.shape), np.float64)

    def _magnitudes(self, parts: Floats) -> Floats:
        return _magnitudes(self.selections, parts)


def _magnitudes(selections: Phasors, parts: Floats) -> Floats:
    sums = np.einsum("rsd,rd->rs", selections, parts[:, :-1])
    return np.asarray(np.abs(sums).max(axis=1, initial=0.0) + parts[:, -1])


@dataclass(frozen=True, slots=True, eq=False)
class LineCurve:
    rows: LineRows
    gain: Floats
    low: Floats
    high: Floats

    @property
    def capacity(self) -> Floats:
        return self.rows.capacity

    def guess(self) -> Floats:
        """As if all added plainly: never above the level that is looked for by much."""
        gain: Floats = self.rows._parts(self.gain).sum(axis=1)
        return self.rows.capacity / gain

    def at(self, level: Floats) -> tuple[Floats, Floats]:
        rows, levels = self.rows, level[self.rows.row]
        parts = rows.base + rows._parts(self.gain * np.clip(levels, self.low, self.high))
        growth = rows._parts(self.gain * ((levels >= self.low) & (levels <= self.high)))
        sums = np.einsum("rsd,rd->rs", rows.selections, parts[:, :-1])
        faster = np.einsum("rsd,rd->rs", rows.selections, growth[:, :-1])
        sizes = np.abs(sums)
        largest = sizes.argmax(axis=1)[:, None]
        size = np.take_along_axis(sizes, largest, 1)[:, 0]
        along = np.take_along_axis((np.conj(sums) * faster).real, largest, 1)[:, 0]
        slope = np.divide(along, size, out=np.zeros_like(size), where=size > 0)
        return size + parts[:, -1], np.maximum(slope, 0.0) + growth[:, -1]


class LineContest:
    """For magnitudes of phasor sums; entries by row, in the order of the candidates."""

    def __init__(self, rows: LineRows, row: Ints, evse: Ints, demand: Floats, base: Floats) -> None:
        """`demand` is entry x part, `base` row x part."""
        self._evse = evse
        self._demand = millionths(demand)
        self._base = base[row] + self._demand / MICRO
        """Per entry: what there is with itself, without those before it."""
        self._selections = rows.selections[row]
        self._limit = (rows.capacity + tolerance(rows.capacity))[row]
        counts = np.bincount(row)
        self._counts = counts[counts > 0]

    def refuse(self, taken: Bools, out: Bools) -> None:
        used = _magnitudes(self._selections, self._base + self._before(taken) / MICRO)
        out[self._evse[used > self._limit]] = True

    def settle(self, taken: Bools, undecided: Bools) -> None:
        """Rows are few here; it isn't worth it."""

    def _before(self, taken: Bools) -> Floats:
        demand = self._demand * taken[self._evse][:, None]
        before = np.asarray(demand.cumsum(axis=0) - demand)
        starts = self._counts.cumsum() - self._counts
        return np.asarray(before - before[starts].repeat(self._counts, axis=0))
