"""Fair shares: weighted max-min between bounds, under all rows at once.

Everybody rises together (each by its weight) and stops at its own maximum or where the first of
its rows is full; nobody could get more without taking from one that has less.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from csms.smart_charging.levels import Climb
from csms.smart_charging.rows import Rows
from csms.smart_charging.topology import Bools, Floats

_FULL: Final = 1e-9


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
    # Rows hold also those whose bounds are the same.
    climb = Climb(moving, weight, low, high)
    moving = moving & (high > low)
    while blocks:
        reached = np.full(len(values), np.inf)
        lowest = min([rows.lower(reached, climb) for rows in blocks])
        risen = np.minimum(np.maximum(reached * weight, low), high)
        final = risen >= high
        final |= reached <= lowest
        for rows in blocks:
            rows.touching(rows.used(risen) >= rows.capacity - _FULL, final)
        final &= moving
        np.copyto(values, risen, where=final)
        moving ^= final
        blocks = narrowed(blocks, moving, values, high)
    np.copyto(values, high, where=moving)
    return values


def narrowed(blocks: Sequence[Rows], moving: Bools, values: Floats, high: Floats) -> Sequence[Rows]:
    """The rows that could stop some of `moving` on the way from `values` to `high`."""
    if not np.count_nonzero(moving):
        return ()
    tight = [rows.binding(moving, values, high) for rows in blocks]
    return [rows for rows in tight if len(rows.capacity)]
