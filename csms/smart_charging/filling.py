"""Fair shares: weighted max-min between bounds, under all rows at once.

Everybody rises together (each by its weight) and stops at its own maximum or where the first of
its rows is full; nobody could get more without taking from one that has less.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from csms.smart_charging.rows import Rising, Rows, tolerance
from csms.smart_charging.topology import Bools, Floats

_MAX_STEPS: Final = 200
_FULL: Final = 1e-9
_FLAT: Final = 1e-12


def fill(
    blocks: Sequence[Rows], moving: Bools, weight: Floats, low: Floats, high: Floats
) -> Floats:
    """Amperes per EVSE: those moving between `low` and `high`, the others stay at `low`.

    All at `low` must fit; `blocks` are those that can bind. Every round solves each row by
    itself: were it alone, its EVSEs would stop at its level. What an EVSE is allowed by its
    lowest row it will surely get, so rows that are full with that are final, and so are their
    EVSEs. At least the lowest row is.
    """
    values = low.copy()
    moving = moving & (high > low)
    while blocks:
        reached = _reached(blocks, weight, low, high)
        risen = np.minimum(np.maximum(reached * weight, low), high)
        now = np.where(moving, risen, 0.0)
        final = risen >= high
        for rows in blocks:
            rows.touching(rows.used(now) >= rows.capacity - _FULL, final)
        final |= reached <= reached[moving].min()
        final &= moving
        values[final] = risen[final]
        moving &= ~final
        blocks = narrowed(blocks, moving, values, high)
    values[moving] = high[moving]
    return values


def narrowed(blocks: Sequence[Rows], moving: Bools, values: Floats, high: Floats) -> Sequence[Rows]:
    """The rows that could stop some of `moving` on the way from `values` to `high`."""
    if not np.count_nonzero(moving):
        return ()
    tight = [rows.binding(moving, values, high) for rows in blocks]
    return [rows for rows in tight if len(rows.capacity)]


def _reached(blocks: Sequence[Rows], weight: Floats, low: Floats, high: Floats) -> Floats:
    reached = np.full(len(weight), np.inf)
    lowest, highest = float((low / weight).min()), float((high / weight).max())
    for rows in blocks:
        rising = rows.rising(weight, low, high)
        rising.lower(reached, full_level(rising, lowest, highest))
    return reached


def full_level(rising: Rising, lowest: float, highest: float) -> Floats:
    """Per row the level at which it is just full; it isn't at `lowest`, it is at `highest`.

    Newton's steps on a function of straight pieces, kept between the bounds known so far.
    """
    capacity = rising.capacity
    noise = tolerance(capacity) / 100
    below, above = np.empty(len(capacity)), np.empty(len(capacity))
    below.fill(lowest)
    above.fill(highest)
    level = np.minimum(np.maximum(rising.guess(), lowest), highest)
    for _ in range(_MAX_STEPS):
        used, slope = rising.at(level)
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
