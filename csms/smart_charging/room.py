"""How much every circuit has left beside what chargers may still draw.

Allocation shares out what may be drawn once everybody obeys; this ledger knows what may be drawn
until then: every limit that is not surely lowered yet counts in full. A raise leaves only when it
fits beside all of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import floor, inf, sqrt
from typing import Final

from csms.smart_charging.grid import Binding, Evse, Network, PerPhase, Phase, Site

TOLERANCE_A: Final = 1e-6
"""Float noise, far below what any meter shows."""

_PAIRS: Final = {
    frozenset((Phase.L1, Phase.L2)): 0,
    frozenset((Phase.L2, Phase.L3)): 1,
    frozenset((Phase.L3, Phase.L1)): 2,
}
_PAIRS_OF_LINE: Final = ((0, 2), (0, 1), (1, 2))
"""Which pair currents meet in lines L1, L2, L3."""


@dataclass(slots=True)
class CircuitRoom:
    """One circuit: its limits now and what counts against them."""

    name: str
    limit_a: PerPhase
    load_a: PerPhase
    """Other load than chargers, never below 0."""
    max_power_w: float = inf
    load_w: float = 0.0
    straight_a: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    """What chargers add on each phase arithmetically."""
    between_a: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    """What chargers draw between lines L1-L2, L2-L3, L3-L1 of an IT net."""
    power_w: float = 0.0

    def line_a(self, phase: int) -> float:
        """The current of a line: two pair currents meet at 60 degrees in an IT net."""
        one, other = (self.between_a[pair] for pair in _PAIRS_OF_LINE[phase])
        between = sqrt(one * one + other * other + one * other) if one or other else 0.0
        return self.load_a[phase] + self.straight_a[phase] + between

    def excess(self, phases: Iterable[Phase]) -> Binding | None:
        """Return the first limit that is exceeded on these phases, None if all hold."""
        if self._has_room():
            return None
        for phase in phases:
            if self.line_a(phase) > self.limit_a[phase] + TOLERANCE_A:
                return Binding("circuit", self.name, phase, self.limit_a[phase])
        if self.load_w + self.power_w > self.max_power_w + TOLERANCE_A:
            return Binding("power", self.name, None, self.max_power_w, "W")
        return None

    def _has_room(self) -> bool:
        """Whether surely all limits hold; asked so often that it is told the short way."""
        if self.between_a[0] or self.between_a[1] or self.between_a[2]:
            return False
        load, straight, limit = self.load_a, self.straight_a, self.limit_a
        return (
            load[0] + straight[0] <= limit[0]
            and load[1] + straight[1] <= limit[1]
            and load[2] + straight[2] <= limit[2]
            and self.load_w + self.power_w <= self.max_power_w
        )


class Room:
    """The circuits of a site and all that may be drawn beneath them."""

    def __init__(self, site: Site, circuits: Mapping[str, CircuitRoom]) -> None:
        self._voltage_v = site.voltage_v
        self._three_phase_v = (
            site.voltage_v / sqrt(3.0) if site.network is Network.IT else site.voltage_v
        )
        self._circuits = circuits
        self._paths = {
            circuit.id: tuple(circuits[c.id] for c in site.path(circuit.id))
            for circuit in site.circuits
        }

    def take(self, evse: Evse, amps: float, phases: Iterable[Phase]) -> None:
        """Count `amps` on each of `phases` in every circuit that feeds the EVSE."""
        used = tuple(phases)
        if not amps or not used:
            return
        pair = _PAIRS[frozenset(used)] if evse.wiring.between_lines and len(used) == 2 else None
        power_w = amps * (self._voltage_v if pair is not None else self._three_phase_v * len(used))
        for circuit in self._paths[evse.circuit_id]:
            circuit.power_w += power_w
            if pair is not None:
                circuit.between_a[pair] += amps
                continue
            for phase in used:
                circuit.straight_a[phase] += amps

    def take_reserved(self, evse: Evse, amps: PerPhase) -> None:
        """Count what is kept free for an EVSE on each phase."""
        if evse.wiring.between_lines:
            self.take(evse, max(amps), evse.wiring.phases)
            return
        power_w = sum(amps) * self._three_phase_v
        if not power_w:
            return
        for circuit in self._paths[evse.circuit_id]:
            circuit.power_w += power_w
            straight = circuit.straight_a
            straight[0] += amps[0]
            straight[1] += amps[1]
            straight[2] += amps[2]

    def obstacle(self, evse: Evse, phases: Iterable[Phase]) -> Binding | None:
        """Return what is exceeded on the way from the EVSE to the grid, None if all hold.

        On `phases` alone: what overloads another phase is none of its concern.
        """
        used = sorted(phases)
        for circuit in self._paths[evse.circuit_id]:
            if (binding := circuit.excess(used)) is not None:
                return binding
        return None

    def most(
        self, evse: Evse, counted_a: float, wanted_a: float, phases: Iterable[Phase]
    ) -> tuple[float, Binding | None]:
        """Return the most up to `wanted_a` that fits where `counted_a` is counted already.

        In whole steps of the EVSE above `counted_a`; with what stopped it, None if nothing did.
        """
        used = tuple(phases)
        if wanted_a <= counted_a:
            return wanted_a, self.obstacle(evse, used)
        obstacle = self._obstacle_with(evse, wanted_a - counted_a, used)
        if obstacle is None:
            return wanted_a, None
        if self._obstacle_with(evse, evse.step_a, used) is not None:
            return counted_a, obstacle
        low, high = 1, max(1, floor((wanted_a - counted_a) / evse.step_a + TOLERANCE_A))
        while low < high:
            middle = (low + high + 1) // 2
            if self._obstacle_with(evse, middle * evse.step_a, used) is None:
                low = middle
            else:
                high = middle - 1
        return counted_a + low * evse.step_a, obstacle

    def _obstacle_with(
        self, evse: Evse, more_a: float, phases: tuple[Phase, ...]
    ) -> Binding | None:
        self.take(evse, more_a, phases)
        obstacle = self.obstacle(evse, phases)
        self.take(evse, -more_a, phases)
        return obstacle
