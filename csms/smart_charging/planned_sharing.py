"""How a plan bounds the fair allocation: three rounds, each on top of the one before.

1. Who has a target now is filled to it.
2. Who runs keeps at least its minimum, and all of these share what is left.
3. Who the plan would let wait may start with what even they can't use.

So the plan decides who goes first and, with a ceiling, how far; it never adds to a limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from csms.smart_charging.planning_rows import Floats

Bools: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What EVSEs may get in one round, one entry each."""

    wants: Bools
    min_a: Floats
    max_a: Floats
    turn: Floats
    """Smaller gets its minimum first."""


FairShares: TypeAlias = Callable[[Claims], Floats]
"""The fair allocation: amperes per EVSE, 0 for one that can't get its minimum."""


def share_by_plan(
    fair_shares: FairShares, claims: Claims, running: Bools, target_a: Floats
) -> Floats:
    """Amperes per EVSE. `target_a` is 0 for one that the plan lets wait.

    `claims.max_a` already holds the plan's ceiling where it has one.
    """
    planned = claims.wants & (target_a > 0)
    target = np.minimum(np.maximum(target_a, claims.min_a), claims.max_a)
    amps = np.zeros(target.size)
    if planned.any():
        order = np.where(planned, claims.turn, np.inf)
        amps = fair_shares(_round(claims, planned, claims.min_a, target, order))
    stays = claims.wants & (planned | running)
    amps = _more(fair_shares, claims, stays, amps)
    if (claims.wants & ~stays).any():
        amps = _more(fair_shares, claims, claims.wants, amps)
    return amps


def _more(fair_shares: FairShares, claims: Claims, who: Bools, amps: Floats) -> Floats:
    """Nobody loses what he has; the others come after him."""
    has = amps > 0
    least = np.where(has, amps, claims.min_a)
    turn = np.where(has, -np.inf, claims.turn)
    order = np.argsort(np.argsort(turn, kind="stable"), kind="stable").astype(np.float64)
    return fair_shares(_round(claims, who, least, claims.max_a, order))


def _round(claims: Claims, who: Bools, least: Floats, most: Floats, turn: Floats) -> Claims:
    return Claims(wants=claims.wants & who, min_a=least, max_a=most, turn=turn)
