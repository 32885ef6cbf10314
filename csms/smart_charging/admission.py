"""Who goes in first where not everybody fits: in order, each if all rows still hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from csms.smart_charging.rows import Contest, Rows
from csms.smart_charging.topology import Bools, Floats, Ints

_FEW: Final = 128


def take_in_order(blocks: Sequence[Rows], order: Ints, demand: Floats, values: Floats) -> Bools:
    """Walk through the EVSEs in `order`; each gets `demand` above `values` if every row holds.

    The same as going one by one, but done for all at once: whoever fits even with everybody
    before him is in, whoever no longer fits alone is out, the rest are looked at again. The
    first one left is always decided, so it ends; the last few do go one by one.
    """
    size = len(values)
    undecided = np.zeros(size, np.bool_)
    undecided[order] = True
    ask = np.where(undecided, demand, 0.0)
    out = np.zeros(size, np.bool_)
    contests = [rows.contest(ask, values, out) for rows in blocks]
    undecided &= ~out
    accepted = np.zeros(size, np.bool_)
    rank = np.zeros(size, np.intp)
    rank[order] = np.arange(len(order))
    many = np.count_nonzero(undecided) > _FEW
    for contest in contests if many else ():
        contest.line_up(undecided, rank)
    while (left := np.count_nonzero(undecided)) > _FEW:
        doubtful, out = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
        for contest in contests:
            contest.judge(undecided, doubtful, out)
        sure = undecided & ~doubtful
        for contest in contests:
            contest.accept(sure)
        accepted |= sure
        undecided &= doubtful & ~out
    if left:
        _one_by_one(contests, order, undecided, accepted)
    return accepted


def _one_by_one(
    contests: Sequence[Contest], order: Ints, undecided: Bools, accepted: Bools
) -> None:
    for contest in contests:
        contest.sit_down(undecided)
    for evse in order[undecided[order]].tolist():
        if all(contest.fits(evse) for contest in contests):
            accepted[evse] = True
            for contest in contests:
                contest.take(evse)


def admission_order(wanting: Bools, priority: Ints, hold: Bools, turn: Floats) -> Ints:
    """Those who want, in the order in which they get their minimum."""
    who = np.flatnonzero(wanting)
    return who[np.lexsort((turn[who], ~hold[who], -priority[who]))]
