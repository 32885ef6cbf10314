"""Who goes in first where not everybody fits: in order, each if all rows still hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from csms.smart_charging.contest import winners
from csms.smart_charging.rows import Rows
from csms.smart_charging.topology import Bools, Floats, Ints


def take_in_order(
    blocks: Sequence[Rows],
    order: Ints,
    demand: Floats,
    values: Floats,
    guess: Bools | None = None,
) -> Bools:
    """Walk through the EVSEs in `order`; each gets `demand` above `values` if every row holds.

    The same as going one by one, but done for all at once. `guess`: who it was the last time.
    """
    size = len(values)
    candidates = np.zeros(size, np.bool_)
    candidates[order] = True
    rank = np.zeros(size, np.intp)
    rank[order] = np.arange(len(order))
    ask = demand * candidates
    contests = [rows.contest(ask, rank, values) for rows in blocks]
    return winners(contests, candidates, guess)


def admission_order(wanting: Bools, priority: Ints, hold: Bools, turn: Floats) -> Ints:
    """Those who want, in the order in which they get their minimum."""
    who = np.flatnonzero(wanting)
    return who[np.lexsort((turn[who], ~hold[who], -priority[who]))]
