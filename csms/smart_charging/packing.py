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

_LINE_SELECTIONS: Final = half_planes(_LINE_DIRECTIONS)


@dataclass(frozen=True, slots=True, eq=False)
class Packing:
    """What may be packed into an installation now, by EVSEs that draw on these phases.

    Keeps nothing that a caller may change later.
    """

    topology: Topology
    taking_part: Bools
    draws: Bools
    """EVSE x phase; never none of an EVSE's phases."""
    has_lines: Bools
    """Per circuit: whether cars that take part hang between its lines."""
    capacity: Capacity
    phase_rooms: Floats
    """Circuit x phase: amperes left for EVSEs that take part."""
    power_rooms: Floats
    """Per circuit: watts left for them; inf where there is no limit."""
    imbalance_rooms: Floats
    """Circuit x pair of phases: amperes left for them; only meaningful where there is a limit."""
    pools: Sequence[Pool]
    pool_rooms: Floats
    """Per pool: watts left for its members."""

    @staticmethod
    def of(
        topology: Topology,
        capacity: Capacity,
        demands: Demands,
        pools: Sequence[Pool],
        taking_part: Bools,
    ) -> Packing:
        capacity = capacity.copy()
        draws = _draws(topology, demands)
        held = capacity.load_a + _reserved(topology, demands)
        lines = demands.reserved_a.sum(axis=1) * topology.watts_per_line_ampere if pools else None
        return Packing(
            topology=topology,
            taking_part=taking_part,
            draws=draws,
            has_lines=_with_lines(topology, taking_part),
            capacity=capacity,
            phase_rooms=np.maximum(capacity.limit_a - held, 0.0),
            power_rooms=_power_rooms(topology, capacity, held),
            imbalance_rooms=imbalance_rooms(topology, capacity, demands, draws),
            pools=tuple(pools),
            pool_rooms=_pool_rooms(pools, lines),
        )

    def rows(self) -> list[Rows]:
        blocks = [self._phases(), self._powers(), self._imbalances(), self._pools(), self._lines()]
        return [rows for rows in blocks if rows is not None and len(rows.capacity)]

    @property
    def line_parts(self) -> Ints:
        """EVSE x phase: on a line it counts with those to the next (0), to the one before, or 2."""
        to_next = np.roll(self.draws, -1, axis=1)
        between = self.topology.between_lines[:, None]
        return np.where(between, np.where(to_next, 0, 1), PHASES - 1)

    def _entries(self, circuits: Bools | None) -> tuple[Ints, Ints]:
        """(row, EVSE) on the phases of these circuits; None: of all."""
        topology = self.topology
        live = (self.draws & self.taking_part[:, None]).ravel()[topology.phase_draw]
        if circuits is not None:
            live &= circuits.repeat(PHASES)[topology.phase_row]
        kept = live.nonzero()[0]
        return topology.phase_row[kept], topology.phase_evse[kept]

    def _phases(self) -> Rows:
        row, evse = self._entries(~self.has_lines if self.has_lines.any() else None)
        return LinearRows.build(evse, None, row, self.phase_rooms.ravel())

    def _powers(self) -> Rows | None:
        limited = np.isfinite(self.power_rooms)
        if not limited.any():
            return None
        row, evse = self._members(limited)
        watts = self.topology.watts_per_ampere(self.draws)[evse]
        return LinearRows.build(evse, watts, row, self.power_rooms)

    def _members(self, circuits: Bools) -> tuple[Ints, Ints]:
        """(circuit, EVSE) of those that take part below these circuits."""
        topology = self.topology
        live = circuits[topology.member_circuit] & self.taking_part[topology.member_evse]
        kept = live.nonzero()[0]
        return topology.member_circuit[kept], topology.member_evse[kept]

    def _imbalances(self) -> Rows | None:
        limited = np.isfinite(self.capacity.max_imbalance_a)
        if not limited.any():
            return None
        circuit, evse = self._members(limited)
        member, pair = one_sided(self.draws)[evse].nonzero()
        row = circuit[member] * len(PAIRS) + pair
        order = row.argsort(kind="stable")
        return LinearRows.build(evse[member[order]], None, row[order], self.imbalance_rooms.ravel())

    def _pools(self) -> Rows | None:
        if not self.pools:
            return None
        members = np.stack([pool.members & self.taking_part for pool in self.pools])
        row, evse = members.nonzero()
        watts = self.topology.watts_per_ampere(self.draws)[evse]
        return LinearRows.build(evse, watts, row, self.pool_rooms)

    def _lines(self) -> Rows | None:
        if not self.has_lines.any():
            return None
        row, evse = self._entries(self.has_lines)
        part = self.line_parts[evse, row % PHASES]
        local = self.has_lines.repeat(PHASES).cumsum() - 1
        rooms = self.phase_rooms[self.has_lines].ravel()
        selections = _LINE_SELECTIONS.repeat(len(rooms), axis=0)
        ones, base = np.ones(len(evse)), np.zeros((len(rooms), PHASES))
        return LineRows(rooms, selections, base, evse, ones, local[row], part)


def _draws(topology: Topology, demands: Demands) -> Bools:
    """Where an EVSE hangs between lines, and where nothing is known, all of its wiring."""
    draws = demands.draws
    unknown = ~(draws[:, 0] | draws[:, 1] | draws[:, 2])
    unknown |= topology.between_lines
    if not np.count_nonzero(unknown):
        return draws.copy()
    return np.where(unknown[:, None], topology.wiring, draws)


def _reserved(topology: Topology, demands: Demands) -> Floats:
    """Circuit x phase: kept for EVSEs whatever they get here."""
    size = len(topology.circuits) * PHASES
    if not demands.reserved_a.any():
        return np.zeros((len(topology.circuits), PHASES))
    entries = demands.reserved_a.ravel()[topology.phase_draw]
    sums = np.bincount(topology.phase_row, entries, minlength=size)
    return np.asarray(sums.reshape(-1, PHASES), np.float64)


def _with_lines(topology: Topology, taking_part: Bools) -> Bools:
    between = topology.between_lines & taking_part
    has = np.zeros(len(topology.circuits), np.bool_)
    if between.any():
        has[topology.member_circuit[between[topology.member_evse]]] = True
    return has


def _power_rooms(topology: Topology, capacity: Capacity, held: Floats) -> Floats:
    held_w: Floats = held.sum(axis=1) * topology.watts_per_line_ampere
    return np.maximum(capacity.max_power_w - held_w, 0.0)


def _pool_rooms(pools: Sequence[Pool], reserved_w: Floats | None) -> Floats:
    if reserved_w is None:
        return np.zeros(0)
    left = [pool.max_power_w - reserved_w[pool.members].sum() for pool in pools]
    return np.maximum(np.array(left, np.float64), 0.0)
