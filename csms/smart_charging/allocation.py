"""Fair shares of an installation's capacity among all that want to charge, now.

    topology = Topology.prepare(site)
    demands, capacity = Demands.none(topology), Capacity.of(site, topology)
    demands.wants[topology.index[key]] = True
    allocation = allocate(topology, capacity, demands)
    allocation.limit_a[i], allocation.waiting[i], allocation.binding(i)

Who can't all get their minimum get it in order (priority, hold, turn). Then, highest priority
first, everybody gets a fair share (weighted max-min) under every limit of every circuit, phase by
phase, in whole steps, and nobody could get another step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from csms.smart_charging.demands import Capacity, Demands, Pool
from csms.smart_charging.explaining import Explanation
from csms.smart_charging.grid import Binding
from csms.smart_charging.matrix import allocate_matrix
from csms.smart_charging.packing import Packing
from csms.smart_charging.sharing import Bounds, Shares, share
from csms.smart_charging.topology import Bools, Floats, Topology

__all__ = ["Allocation", "Capacity", "Demands", "Pool", "Topology", "allocate", "allocate_matrix"]


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """What every EVSE may draw; row i is about `topology.evses[i]`."""

    limit_a: Floats
    """Amperes per phase on which it draws."""
    waiting: Bools
    """It wants to charge and couldn't get its minimum."""
    _shares: Shares = field(repr=False)
    _explanation: Explanation = field(repr=False)

    def binding(self, evse: int) -> Binding | None:
        """What keeps it from more; None for one that wants nothing. Worked out when asked."""
        return self._explanation.binding(evse)


def allocate(
    topology: Topology,
    capacity: Capacity,
    demands: Demands,
    *,
    pools: Sequence[Pool] = (),
    strict: bool = False,
    continuous: bool = False,
    like: Allocation | None = None,
) -> Allocation:
    """Share the capacity out.

    `strict`: a lower priority gets nothing before a higher one is satisfied; otherwise minima
    come first for all. `continuous`: exact shares, not whole steps. `like`: an allocation when
    things were little different; it only makes this one faster. Same input, same output.
    Raises ValueError for values that can't be (a weight of 0, a limit that is not a number).
    """
    _check(capacity, demands)
    bounds = Bounds.of(demands, continuous=continuous)
    packing = Packing.of(topology, capacity, demands, pools, bounds.possible)
    shares = share(packing.rows(), bounds, strict=strict, like=like._shares if like else None)
    explanation = Explanation(packing, bounds, shares.limit_a, shares.admitted)
    waiting = bounds.wanting & ~shares.admitted
    return Allocation(shares.limit_a.copy(), waiting, shares, explanation)


def _check(capacity: Capacity, demands: Demands) -> None:
    if not (np.isfinite(capacity.limit_a).all() and np.isfinite(capacity.load_a).all()):
        raise ValueError("limits and loads of circuits must be numbers")
    if capacity.net_a is not None and not np.isfinite(capacity.net_a).all():
        raise ValueError("net loads of circuits must be numbers")
    if np.isnan(capacity.max_power_w).any() or np.isnan(capacity.max_imbalance_a).any():
        raise ValueError("power and imbalance of circuits must be numbers, or inf for no limit")
    reserved_a = demands.reserved_a
    if reserved_a.size and not (reserved_a.min() >= 0 and reserved_a.max() < np.inf):
        raise ValueError("reserved currents must be numbers, 0 or more")
