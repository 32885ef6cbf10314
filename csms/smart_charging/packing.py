"""All limits of an installation as rows over its EVSEs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from csms.smart_charging.demands import Capacity, Demands, Pool
from csms.smart_charging.imbalance import PAIRS, imbalance_rooms, one_sided
from csms.smart_charging.line_currents import LineRows, Phasors, half_planes
from csms.smart_charging.rows import LinearRows, Rows
from csms.smart_charging.topology import PHASES, Bools, Floats, Ints, Topology

_LINE_DIRECTIONS: Final[Phasors] = np.array([[1.0, np.exp(1j * np.pi / 3)]])
"""A line of an IT net: the cars to the next line, and those to the one before, 60 degrees apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Packing:
    """What may be packed into an installation now, by EVSEs that draw on these phases."""

    topology: Topology
    capacity: Capacity
    demands: Demands
    pools: Sequence[Pool]
    draws: Bools
    """EVSE x phase; never none of an EVSE's phases."""
    taking_part: Bools

    @staticmethod
    def of(
        topology: Topology,
        capacity: Capacity,
        demands: Demands,
        pools: Sequence[Pool],
        taking_part: Bools,
    ) -> Packing:
        unknown = ~demands.draws.any(axis=1) | topology.between_lines
        draws = np.where(unknown[:, None], topology.wiring, demands.draws)
        return Packing(topology, capacity, demands, pools, draws, taking_part)

    def rows(self) -> list[Rows]:
        blocks = [self._phases(), self._powers(), self._imbalances(), self._pools(), self._lines()]
        return [rows for rows in blocks if rows is not None and len(rows.capacity)]

    def phase_rooms(self) -> Floats:
        """Circuit x phase: amperes left for EVSEs that take part."""
        left = self.capacity.limit_a - self.capacity.load_a - self._reserved()
        return np.maximum(left, 0.0)

    def power_rooms(self) -> Floats:
        """Per circuit: watts left for EVSEs that take part."""
        lines: Floats = (self.capacity.load_a + self._reserved()).sum(axis=1)
        left = self.capacity.max_power_w - lines * self.topology.watts_per_line_ampere
        return np.maximum(left, 0.0)

    def _reserved(self) -> Floats:
        reserved = self.demands.reserved_a
        if not reserved.any():
            return np.zeros((len(self.topology.circuits), PHASES))
        entries = reserved.ravel()[self.topology.phase_draw]
        size = len(self.topology.circuits) * PHASES
        sums = np.bincount(self.topology.phase_row, entries, minlength=size)
        return np.asarray(sums.reshape(-1, PHASES), np.float64)

    @property
    def line_parts(self) -> Ints:
        """EVSE x phase: on a line it counts with those to the next (0), to the one before, or 2."""
        to_next = np.roll(self.draws, -1, axis=1)
        between = self.topology.between_lines[:, None]
        return np.where(between, np.where(to_next, 0, 1), PHASES - 1)

    def has_lines(self) -> Bools:
        """Per circuit: whether cars hang between its lines."""
        between = self.topology.between_lines & self.taking_part
        has = np.zeros(len(self.topology.circuits), np.bool_)
        if between.any():
            has[self.topology.member_circuit[between[self.topology.member_evse]]] = True
        return has

    def _entries(self, circuits: Bools) -> tuple[Ints, Ints]:
        """(row, EVSE) on the phases of these circuits."""
        topology = self.topology
        live = (self.draws & self.taking_part[:, None]).ravel()[topology.phase_draw]
        kept = np.flatnonzero(live & np.repeat(circuits, PHASES)[topology.phase_row])
        return topology.phase_row[kept], topology.phase_evse[kept]

    def _phases(self) -> Rows:
        row, evse = self._entries(~self.has_lines())
        return LinearRows.build(evse, None, row, self.phase_rooms().ravel())

    def _powers(self) -> Rows | None:
        limited = np.isfinite(self.capacity.max_power_w)
        if not limited.any():
            return None
        row, evse = self._members(limited)
        watts = self.topology.watts_per_ampere(self.draws)[evse]
        return LinearRows.build(evse, watts, row, self.power_rooms())

    def _members(self, circuits: Bools) -> tuple[Ints, Ints]:
        """(circuit, EVSE) of those that take part below these circuits."""
        topology = self.topology
        live = circuits[topology.member_circuit] & self.taking_part[topology.member_evse]
        kept = np.flatnonzero(live)
        return topology.member_circuit[kept], topology.member_evse[kept]

    def imbalance_rooms(self) -> Floats:
        """Circuit x pair of phases; only meaningful where a circuit limits it."""
        return imbalance_rooms(self.topology, self.capacity, self.demands, self.draws)

    def _imbalances(self) -> Rows | None:
        limited = np.isfinite(self.capacity.max_imbalance_a)
        if not limited.any():
            return None
        circuit, evse = self._members(limited)
        member, pair = np.nonzero(one_sided(self.draws)[evse])
        row = circuit[member] * len(PAIRS) + pair
        order = np.argsort(row, kind="stable")
        row, evse = row[order], evse[member[order]]
        return LinearRows.build(evse, None, row, self.imbalance_rooms().ravel())

    def pool_rooms(self) -> Floats:
        """Per pool: watts left for its members that take part."""
        lines = self.demands.reserved_a.sum(axis=1) * self.topology.watts_per_line_ampere
        left = [pool.max_power_w - lines[pool.members].sum() for pool in self.pools]
        return np.maximum(np.array(left, np.float64), 0.0)

    def _pools(self) -> Rows | None:
        if not self.pools:
            return None
        members = np.stack([pool.members & self.taking_part for pool in self.pools])
        row, evse = np.nonzero(members)
        watts = self.topology.watts_per_ampere(self.draws)[evse]
        return LinearRows.build(evse, watts, row, self.pool_rooms())

    def _lines(self) -> Rows | None:
        with_lines = self.has_lines()
        if not with_lines.any():
            return None
        row, evse = self._entries(with_lines)
        part = self.line_parts[evse, row % PHASES]
        local = np.cumsum(np.repeat(with_lines, PHASES)) - 1
        rooms = self.phase_rooms()[with_lines].ravel()
        selections = np.repeat(half_planes(_LINE_DIRECTIONS), len(rooms), axis=0)
        ones, base = np.ones(len(evse)), np.zeros((len(rooms), PHASES))
        return LineRows(rooms, selections, base, evse, ones, local[row], part)
