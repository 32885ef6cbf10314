"""Why an EVSE doesn't get more: the one constraint that stops it first."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from csms.smart_charging.grid import Binding, Phase
from csms.smart_charging.imbalance import PAIRS, one_sided
from csms.smart_charging.packing import Packing
from csms.smart_charging.sharing import Bounds
from csms.smart_charging.topology import PHASES, Bools, Floats

_EQUAL_A: Final = 1e-6


class _Room(NamedTuple):
    left_a: float
    """What an EVSE could get on top; negative where it asks for more."""
    binding: Binding


class Explanation:
    """What was known when shares were given out; the rest is worked out when first asked."""

    def __init__(self, packing: Packing, bounds: Bounds, limit_a: Floats, admitted: Bools) -> None:
        self._packing = packing
        self._bounds = bounds
        self._limit_a = limit_a
        self._admitted = admitted

    def binding(self, evse: int) -> Binding | None:
        """None: it wants nothing."""
        if not self._bounds.wanting[evse]:
            return None
        if not self._bounds.possible[evse]:
            return self._itself(evse)
        if not self._admitted[evse]:
            return self._waits_for(evse)
        step = _EQUAL_A if self._bounds.continuous else float(self._bounds.step[evse])
        if self._limit_a[evse] + step > self._bounds.high[evse] + _EQUAL_A / 2:
            return self._itself(evse)
        return self._at_limits.tightest(evse, step).binding

    def _itself(self, evse: int) -> Binding:
        name = str(self._packing.topology.evses[evse])
        return Binding("evse", name, limit=float(self._bounds.most[evse]))

    def _waits_for(self, evse: int) -> Binding:
        minimum = float(self._bounds.low[evse])
        room = self._at_minima.tightest(evse, minimum)
        if room.left_a >= 0:
            room = self._at_limits.tightest(evse, minimum)
        found = room.binding
        return Binding("waiting", found.name, found.phase, found.limit, found.unit)

    @cached_property
    def _at_limits(self) -> _Load:
        return _Load(self._packing, self._limit_a)

    @cached_property
    def _at_minima(self) -> _Load:
        return _Load(self._packing, np.where(self._admitted, self._bounds.low, 0.0))


class _Load:
    """All rows summed up for certain values."""

    def __init__(self, packing: Packing, values: Floats) -> None:
        self._packing = packing
        self._values = values
        self._watts = packing.topology.watts_per_ampere(packing.draws)
        self._phase_rooms = packing.phase_rooms
        self._has_lines = packing.has_lines
        self._line_parts = packing.line_parts

    def tightest(self, evse: int, more: float) -> _Room:
        """The row with the least room after `more`; of equals the one nearest to the EVSE."""
        return min(self._rooms(evse, more), key=lambda room: round(room.left_a, 6))

    def _rooms(self, evse: int, more: float) -> Iterator[_Room]:
        topology = self._packing.topology
        for circuit in topology.path(int(topology.circuit_of[evse])):
            yield from self._phases(evse, circuit, more)
            yield from self._imbalances(evse, circuit, more)
            yield from self._powers(evse, circuit, more)
        yield from self._pools(evse, more)

    def _phases(self, evse: int, circuit: int, more: float) -> Iterator[_Room]:
        kind = "line" if self._has_lines[circuit] else "circuit"
        for phase in Phase:
            if self._packing.draws[evse, phase]:
                parts = self._parts[circuit, phase].copy()
                parts[self._line_parts[evse, phase]] += more
                to_next, to_previous, plain = parts
                used = np.sqrt(to_next**2 + to_previous**2 + to_next * to_previous) + plain
                limit = float(self._packing.capacity.limit_a[circuit, phase])
                left = float(self._phase_rooms[circuit, phase] - used)
                yield _Room(left, Binding(kind, self._name(circuit), phase, limit))

    def _imbalances(self, evse: int, circuit: int, more: float) -> Iterator[_Room]:
        limit = float(self._packing.capacity.max_imbalance_a[circuit])
        if np.isfinite(limit):
            for pair in np.flatnonzero(self._one_sided[evse]):
                left = float(self._imbalance_left[circuit, pair]) - more
                binding = Binding("imbalance", self._name(circuit), PAIRS[pair][0], limit)
                yield _Room(left, binding)

    def _powers(self, evse: int, circuit: int, more: float) -> Iterator[_Room]:
        limit = float(self._packing.capacity.max_power_w[circuit])
        if np.isfinite(limit):
            left = float(self._power_left[circuit] / self._watts[evse]) - more
            yield _Room(left, Binding("power", self._name(circuit), None, limit, "W"))

    def _pools(self, evse: int, more: float) -> Iterator[_Room]:
        for pool, room in zip(self._packing.pools, self._packing.pool_rooms, strict=True):
            if pool.members[evse]:
                used = (self._values * self._watts)[pool.members].sum()
                left = float((room - used) / self._watts[evse]) - more
                yield _Room(left, Binding("pool", pool.name, None, pool.max_power_w, "W"))

    def _name(self, circuit: int) -> str:
        return self._packing.topology.site.circuits[circuit].name

    @cached_property
    def _parts(self) -> Floats:
        """Circuit x phase x (to the next line, to the one before, plain)."""
        topology, packing = self._packing.topology, self._packing
        drawn = np.where(packing.draws, self._values[:, None], 0.0).ravel()[topology.phase_draw]
        slots = topology.phase_row * PHASES + self._line_parts.ravel()[topology.phase_draw]
        size = len(topology.circuits) * PHASES * PHASES
        sums = np.bincount(slots, drawn, minlength=size)
        return np.asarray(sums.reshape(-1, PHASES, PHASES), np.float64)

    @cached_property
    def _power_left(self) -> Floats:
        used = self._per_circuit((self._values * self._watts)[:, None])[:, 0]
        return self._packing.power_rooms - used

    @cached_property
    def _one_sided(self) -> Bools:
        return one_sided(self._packing.draws)

    @cached_property
    def _imbalance_left(self) -> Floats:
        used = self._per_circuit(self._values[:, None] * self._one_sided)
        return self._packing.imbalance_rooms - used

    def _per_circuit(self, per_evse: Floats) -> Floats:
        return self._packing.topology.below(per_evse)
