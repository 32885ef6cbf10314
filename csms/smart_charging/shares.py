"""Fair shares; where there is a plan it says who goes first and how far."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from csms.smart_charging.allocation import Allocation, allocate
from csms.smart_charging.demands import Capacity, Demands
from csms.smart_charging.planned_sharing import Claims, share_by_plan
from csms.smart_charging.topology import Bools, Floats, Topology


def shares(
    topology: Topology,
    capacity: Capacity,
    demands: Demands,
    running: Bools,
    *,
    strict: bool,
    like: Allocation | None = None,
) -> Allocation:
    """Allocate, in rounds where a plan has targets. `running`: who has a share already.

    `like`: what was shared out before, see `allocate`.
    """
    if np.isnan(demands.target_a).all():
        return allocate(topology, capacity, demands, strict=strict, like=like)
    last: list[Allocation] = []

    def fair_shares(claims: Claims) -> Floats:
        round_ = demands.copy()
        round_.wants, round_.turn = claims.wants, claims.turn
        round_.min_a, round_.max_a = claims.min_a, claims.max_a
        round_.target_a[:] = np.nan
        last.append(allocate(topology, capacity, round_, strict=strict))
        return last[-1].limit_a

    claims = Claims(
        wants=demands.wants, min_a=demands.min_a, max_a=demands.max_a, turn=demands.turn
    )
    # Who came after the plan was made gets a place with the minimum.
    target_a = np.where(np.isnan(demands.target_a), demands.min_a, demands.target_a)
    limit_a = share_by_plan(fair_shares, claims, running, target_a)
    if not last:
        return allocate(topology, capacity, demands, strict=strict)
    return replace(last[-1], limit_a=limit_a, waiting=demands.wants & (limit_a <= 0))
