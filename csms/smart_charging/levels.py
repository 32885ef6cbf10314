"""The level up to which the EVSEs of a row rise together until it is full.

An EVSE at a level draws its weight times the level, between its bounds: what a row carries is a
rising function of the level, in straight pieces that meet at the bounds of its EVSEs.
"""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np

from csms.smart_charging.topology import Bools, Floats, Ints

NOISE_A: Final = 1e-10
"""Sums of floats are never exact: this much, and a little for large sums, is no current."""

_MAX_STEPS: Final = 200
_FLAT: Final = 1e-12


def tolerance(capacity: Floats) -> Floats:
    """How far above `capacity` a sum may be through rounding alone."""
    return np.asarray(NOISE_A + 1e-13 * np.abs(capacity))


class Climb:
    """From where to where EVSEs rise, as levels: bounds per weight."""

    def __init__(self, moving: Bools, weight: Floats, low: Floats, high: Floats) -> None:
        """Bounds in amperes."""
        self.weight = weight
        self.is_even = bool((weight == 1.0).all())
        """Whether a level is simply the current."""
        self.low = low if self.is_even else low / weight
        self.high = high if self.is_even else high / weight
        self.marks = _distinct(np.concatenate((self.low[moving], self.high[moving])))
        """The levels at which somebody who moves begins or ends to rise, ascending."""
        self.widths = self.marks[1:] - self.marks[:-1]
        self.begins: Ints = self.marks.searchsorted(self.low)
        self.ends: Ints = self.marks.searchsorted(self.high)
        """Per EVSE which marks its own are; meaningless for those who don't move."""


def _distinct(values: Floats) -> Floats:
    values.sort()
    fresh = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=fresh[1:])
    return values[fresh]


def level_between_marks(
    climb: Climb, begun: Floats | Ints, ended: Floats | Ints, capacity: Floats
) -> Floats:
    """Per row the level at which it is just full; it isn't at the first mark, it is at the last.

    `begun` and `ended` are mark x row: by how much a row grows more, and less, from there on.
    """
    growth = (begun - ended).cumsum(axis=0)
    used = np.empty(growth.shape)
    np.add.reduce(begun * climb.marks[:, None], axis=0, out=used[0])
    np.multiply(growth[:-1], climb.widths[:, None], out=used[1:])
    used.cumsum(axis=0, out=used)
    piece = np.add.reduce(used[1:-1] <= capacity, axis=0, dtype=np.intp)
    place = piece * len(capacity)
    place += np.arange(len(capacity))
    left = capacity - used.ravel().take(place)
    left /= np.maximum(growth.ravel().take(place), _FLAT)
    return np.asarray(climb.marks.take(piece) + np.maximum(left, 0.0))


class Curve(Protocol):
    """What rows carry, as a function of each row's level."""

    @property
    def capacity(self) -> Floats: ...

    def guess(self) -> Floats:
        """Per row a level to start from."""
        ...

    def at(self, level: Floats) -> tuple[Floats, Floats]:
        """Per row: used, and growth per level, when all its EVSEs are at that row's level."""
        ...


def level_by_steps(curve: Curve, climb: Climb) -> Floats:
    """The same for any curve: Newton's steps, kept between the bounds known so far."""
    capacity = curve.capacity
    noise = tolerance(capacity) / 100
    lowest, highest = float(climb.marks[0]), float(climb.marks[-1])
    below, above = np.full(len(capacity), lowest), np.full(len(capacity), highest)
    level = np.minimum(np.maximum(curve.guess(), lowest), highest)
    for _ in range(_MAX_STEPS):
        used, slope = curve.at(level)
        gap = capacity - used
        open_ = np.abs(gap) > noise
        if not np.count_nonzero(open_):
            return level
        np.copyto(below, level, where=gap > 0)
        np.copyto(above, level, where=gap < 0)
        step = level + gap / np.maximum(slope, _FLAT)
        np.copyto(step, (below + above) / 2, where=(step <= below) | (step >= above))
        np.copyto(level, step, where=open_)
    return below
