"""An installation's limits as the plain rows that a plan works on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csms.smart_charging.demands import Capacity
from csms.smart_charging.planning_rows import Floats, PlanningRows, planning_rows
from csms.smart_charging.topology import PHASES, Bools, Topology


@dataclass(frozen=True, slots=True)
class SiteRows:
    """Rows × EVSEs in the topology's order: circuit by circuit L1, L2, L3, then all powers.

    Cars between lines are added up like the others: safe, at the cost of some of the line.
    """

    coefficients: Floats
    planning: PlanningRows
    power_w_per_a: Floats
    watts_per_line_ampere: float

    def capacity(self, capacity: Capacity) -> Floats:
        """What is left for charging in each row, inf where there is no limit, never below 0."""
        amps = capacity.limit_a - capacity.load_a
        watts = capacity.max_power_w - capacity.load_a.sum(axis=1) * self.watts_per_line_ampere
        return np.asarray(np.maximum(np.concatenate((amps.ravel(), watts)), 0.0))


def site_rows(topology: Topology, draws: Bools | None = None) -> SiteRows:
    """`draws`, EVSE × phase: where cars are known to draw; None: on all phases of their wiring."""
    where = topology.wiring if draws is None else draws
    circuits, evses = len(topology.circuits), len(topology.evses)
    power_w_per_a = topology.watts_per_ampere(where)
    phases = np.zeros((circuits * PHASES, evses))
    phases[topology.phase_row, topology.phase_evse] = where.ravel()[topology.phase_draw]
    powers = np.zeros((circuits, evses))
    powers[topology.member_circuit, topology.member_evse] = power_w_per_a[topology.member_evse]
    coefficients = np.vstack((phases, powers))
    return SiteRows(
        coefficients, planning_rows(coefficients), power_w_per_a, topology.watts_per_line_ampere
    )
