"""Who goes in first where not everybody fits: in order, each if all rows still hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from csms.smart_charging.rows import Rows
from csms.smart_charging.topology import Bools, Floats, Ints


def take_in_order(blocks: Sequence[Rows], order: Ints, demand: Floats, values: Floats) -> Bools:
    """Walk through the EVSEs in `order`; each gets `demand` above `values` if every row holds.

    The same as going one by one, but done for all at once: whoever fits even with everybody
    before him is in, whoever no longer fits alone is out, the rest are looked at again. The
    first one left is always decided, so it ends.
    """
    accepted = np.zeros(len(values), np.bool_)
    undecided = _with_room(blocks, order, demand, values)
    if not undecided.any():
        return accepted
    ask = np.where(undecided, demand, 0.0)
    rank = np.zeros(len(values), np.intp)
    rank[order] = np.arange(len(order))
    contests = [rows.contest(rank, ask, values) for rows in blocks]
    while True:
        doubtful, out = np.zeros_like(undecided), np.zeros_like(undecided)
        for contest in contests:
            contest.judge(undecided, doubtful, out)
        sure = undecided & ~doubtful
        accepted |= sure
        undecided &= doubtful & ~out
        if not undecided.any():
            return accepted
        for contest in contests:
            contest.accept(sure)


def _with_room(blocks: Sequence[Rows], order: Ints, demand: Floats, values: Floats) -> Bools:
    """Of those in `order`, who would fit if he were the first."""
    candidates = np.zeros(len(values), np.bool_)
    candidates[order] = True
    ask = np.where(candidates, demand, 0.0)
    out = np.zeros_like(candidates)
    for rows in blocks:
        rows.without_room(ask, values, out)
    return candidates & ~out


def admission_order(wanting: Bools, priority: Ints, hold: Bools, turn: Floats) -> Ints:
    """Those who want, in the order in which they get their minimum."""
    who = np.flatnonzero(wanting)
    return who[np.lexsort((turn[who], ~hold[who], -priority[who]))]
