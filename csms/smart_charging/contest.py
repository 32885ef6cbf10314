"""Who of many candidates gets the room that is left in some rows, in their order.

Each asks for a fixed demand and either gets all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

from csms.smart_charging.topology import Bools, Floats, Ints

MICRO: Final = 1e6
_TRIES: Final = 6
"""So often a guess is mended before it is given up."""


class Contest(Protocol):
    """Candidates for the room that is left in some rows."""

    def refuse(self, taken: Bools, out: Bools) -> None:
        """Mark who doesn't fit beside those of `taken` that come before it."""
        ...

    def settle(self, taken: Bools, undecided: Bools) -> None:
        """Take these out of the room for good; only the undecided are judged from here on."""
        ...


def millionths(demand: Floats) -> Floats:
    """Rounded up to whole numbers: their sums are exact, in whatever order they are added."""
    return np.asarray(np.ceil(demand * MICRO - 1e-3))


def by_row_and_rank(row: Ints, rank: Ints) -> Ints:
    """The order of entries by row, then by rank."""
    if row.size and max(row[-1], rank.max()) < 1 << 16:
        # Two bytes sort much faster.
        return np.lexsort((rank.astype(np.uint16), row.astype(np.uint16)))
    return np.lexsort((rank, row))


def winners(contests: Sequence[Contest], candidates: Bools, guess: Bools | None) -> Bools:
    """Who gets in if they go one by one; the guess matters only for how soon that is known.

    What is guessed is judged anew, everybody beside those before him, until it is right.
    """
    if guess is not None:
        taken = candidates & guess
        for _ in range(_TRIES):
            fitting = _fitting(contests, taken, candidates)
            if np.array_equal(fitting, taken):
                return taken
            taken = fitting
    return _narrowed_down(contests, candidates)


def _narrowed_down(contests: Sequence[Contest], candidates: Bools) -> Bools:
    """Who fits beside all that may come before him is in; who doesn't beside those is out.

    The first one left is always decided, so it ends.
    """
    possible = candidates
    while True:
        sure = _fitting(contests, possible, possible)
        possible = _fitting(contests, sure, possible)
        undecided = possible & ~sure
        if not np.count_nonzero(undecided):
            return sure
        for contest in contests:
            contest.settle(sure, undecided)


def _fitting(contests: Sequence[Contest], taken: Bools, candidates: Bools) -> Bools:
    out = ~candidates
    for contest in contests:
        contest.refuse(taken, out)
    return ~out


class LinearContest:
    """In plain rows; entries by row, in the order of the candidates, `counts` for each row."""

    def __init__(self, evse: Ints, demand: Floats, counts: Ints, room: Floats) -> None:
        self._evse = evse
        self._demand = millionths(demand)
        self._most = np.floor(room * MICRO).repeat(counts) - self._demand
        """Per entry: what may be taken before it."""
        self._counts = counts
        self._starts = counts.cumsum() - counts

    def refuse(self, taken: Bools, out: Bools) -> None:
        late = self._before(taken) > self._most
        out[self._evse.take(late.nonzero()[0])] = True

    def settle(self, taken: Bools, undecided: Bools) -> None:
        live = undecided.take(self._evse)
        left = np.count_nonzero(live)
        if not left or 2 * left > len(live):
            return  # it isn't worth it
        self._most -= self._before(taken)
        counts = np.add.reduceat(live, self._starts, dtype=np.intp)
        kept = live.nonzero()[0]
        self._evse, self._demand = self._evse.take(kept), self._demand.take(kept)
        self._most = self._most.take(kept)
        self._counts = counts[counts > 0]
        self._starts = self._counts.cumsum() - self._counts

    def _before(self, taken: Bools) -> Floats:
        """Per entry: what they take before it in its row."""
        demand = self._demand * taken.take(self._evse)
        before = demand.cumsum()
        before -= demand
        before -= before.take(self._starts).repeat(self._counts)
        return before
