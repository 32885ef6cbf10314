"""What goes into an allocation: what EVSEs want and what circuits have, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from csms.smart_charging.grid import Site
from csms.smart_charging.topology import PHASES, Bools, Floats, Ints, Topology


@dataclass(slots=True, eq=False)
class Demands:
    """What every EVSE wants and may get; row i is about `topology.evses[i]`. Mutable on purpose."""

    wants: Bools
    """Whether it takes part."""
    min_a: Floats
    """Below that it can't charge; it gets 0 instead and waits."""
    max_a: Floats
    step_a: Floats
    """The limit is a multiple of this."""
    weight: Floats
    """Share among those of one priority, above 0."""
    priority: Ints
    """Higher goes first."""
    draws: Bools
    """EVSE x grid phase: where it draws; a row without any means all phases of its wiring."""
    turn: Floats
    """Who gets the minimum first where not everybody can: smaller first."""
    hold: Bools
    """Running within its minimum on-time: keeps its minimum before others of its priority."""
    target_a: Floats
    """What the plan gives it: everybody is filled up to the target before anybody gets more.

    NaN: no plan for it, its target is its maximum.
    """
    reserved_a: Floats
    """EVSE x grid phase: counted for it beside what it gets here (offline, uncontrollable)."""
    measured_a: Floats
    """EVSE x grid phase: what it draws, NaN unknown. Only lets opposite phases balance it."""

    @staticmethod
    def none(topology: Topology) -> Demands:
        """Nobody wants anything; bounds as the EVSEs are rated."""
        evses = topology.site.evses
        size = len(evses)
        return Demands(
            wants=np.zeros(size, np.bool_),
            min_a=np.array([evse.min_a for evse in evses], np.float64),
            max_a=np.array([evse.rated_a for evse in evses], np.float64),
            step_a=np.array([evse.step_a for evse in evses], np.float64),
            weight=np.array([evse.weight for evse in evses], np.float64),
            priority=np.array([evse.priority for evse in evses], np.intp),
            draws=topology.wiring.copy(),
            turn=np.arange(size, dtype=np.float64),
            hold=np.zeros(size, np.bool_),
            target_a=np.full(size, np.nan),
            reserved_a=np.zeros((size, PHASES)),
            measured_a=np.full((size, PHASES), np.nan),
        )

    def copy(self) -> Demands:
        return replace(
            self, **{each.name: getattr(self, each.name).copy() for each in fields(self)}
        )


@dataclass(slots=True, eq=False)
class Capacity:
    """What every circuit has; row c is about `topology.circuits[c]`. Mutable on purpose."""

    limit_a: Floats
    """Circuit x phase, the margin already taken off."""
    load_a: Floats
    """Circuit x phase: other load than chargers beneath the circuit; negative where it feeds in."""
    max_power_w: Floats
    """Over all phases, other load included; inf: none."""
    max_imbalance_a: Floats
    """How much more one phase may carry than another; inf: none."""
    net_a: Floats | None = None
    """As `load_a`, where that has no sign: what phases are compared by; None: `load_a`."""

    @staticmethod
    def of(site: Site, topology: Topology) -> Capacity:
        """The installation as it is built, without other load."""
        circuits = site.circuits
        return Capacity(
            limit_a=np.array([circuit.limit_a for circuit in circuits]).reshape(-1, PHASES),
            load_a=np.zeros((len(topology.circuits), PHASES)),
            max_power_w=_or_inf([circuit.max_power_w for circuit in circuits]),
            max_imbalance_a=_or_inf([circuit.max_imbalance_a for circuit in circuits]),
        )

    def copy(self) -> Capacity:
        return Capacity(
            self.limit_a.copy(),
            self.load_a.copy(),
            self.max_power_w.copy(),
            self.max_imbalance_a.copy(),
            None if self.net_a is None else self.net_a.copy(),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Power that some EVSEs share beside what their circuits allow: a solar surplus."""

    name: str
    members: Bools
    max_power_w: float


def _or_inf(limits: Sequence[float | None]) -> Floats:
    return np.array([np.inf if limit is None else limit for limit in limits], np.float64)
