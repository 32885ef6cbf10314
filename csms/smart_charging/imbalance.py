"""Phases against each other: one phase may carry only so much more than another.

That a car on one phase balances one on another is only trusted as far as it is measured: the
limit of a phase is the allowed imbalance plus what is measured to flow on the other phase. Cars
rise together in a few cycles; when one stops, the others are taken back in the next. In the same
way other load counts with its sign, as it is measured now: a roof that feeds in on one phase
leaves more for cars there and less for those on the others, one on all three changes nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from csms.smart_charging.demands import Capacity, Demands
from csms.smart_charging.grid import Phase
from csms.smart_charging.topology import Bools, Floats, Topology

PAIRS: Final = tuple((p, q) for p in Phase for q in Phase if p is not q)
"""Row k of a circuit: what flows on the first but not on the second phase."""

_MORE: Final = [p for p, _ in PAIRS]
_LESS: Final = [q for _, q in PAIRS]


def one_sided(draws: Bools) -> Bools:
    """EVSE x pair: draws on the first phase and not on the second."""
    return np.asarray(draws[:, _MORE] & ~draws[:, _LESS])


def imbalance_rooms(
    topology: Topology, capacity: Capacity, demands: Demands, draws: Bools
) -> Floats:
    """Circuit x pair: amperes for cars on the first phase alone; only meaningful where limited."""
    load = capacity.load_a if capacity.net_a is None else capacity.net_a
    if not np.isfinite(capacity.max_imbalance_a).any():
        return np.full((len(load), len(PAIRS)), np.inf)
    held = topology.below(_per_pair(demands.reserved_a) - _credit(demands, draws))
    own = load[:, _LESS] - load[:, _MORE]
    return np.maximum(capacity.max_imbalance_a[:, None] + own - held, 0.0)


def _per_pair(amperes: Floats) -> Floats:
    """How much more on the first phase than on the second."""
    return np.maximum(amperes[:, _MORE] - amperes[:, _LESS], 0.0)


def _credit(demands: Demands, draws: Bools) -> Floats:
    """EVSE x pair: what is measured on the second phase, of cars charging there alone."""
    measured = np.nan_to_num(demands.measured_a, nan=0.0, posinf=0.0, neginf=0.0)
    flowing = np.clip(measured, 0.0, np.maximum(demands.max_a, 0.0)[:, None])
    going_on = demands.wants[:, None] & draws[:, _LESS] & ~draws[:, _MORE]
    return np.where(going_on, flowing[:, _LESS], 0.0)
