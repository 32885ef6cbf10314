"""What EVSEs that follow no charging profile may draw in each circuit, whatever is ordered."""

from __future__ import annotations

from math import sqrt
from typing import Final

from csms.smart_charging.grid import NO_LOAD, Evse, Network, PerPhase, Phase, Site

_PAIRS: Final = (
    frozenset({Phase.L1, Phase.L2}),
    frozenset({Phase.L2, Phase.L3}),
    frozenset({Phase.L3, Phase.L1}),
)
"""The pairs of lines of an IT net: each line carries the currents of two of them."""


class UnmanagedLoad:
    """The worst case of each circuit; the site's circuits must form a tree."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._straight = {circuit.id: NO_LOAD for circuit in site.circuits}
        self._pairs = {circuit.id: [0.0, 0.0, 0.0] for circuit in site.circuits}
        self._power_w = {circuit.id: 0.0 for circuit in site.circuits}
        for evse in site.evses:
            if not evse.controllable:
                self._add(evse)

    def of(self, circuit_id: str) -> PerPhase:
        """Return the current on each phase (in an IT net: line), A."""
        pairs = self._pairs[circuit_id]
        between = PerPhase(
            _line_a(pairs[0], pairs[2]), _line_a(pairs[0], pairs[1]), _line_a(pairs[1], pairs[2])
        )
        return self._straight[circuit_id].plus(between)

    def power_w(self, circuit_id: str) -> float:
        return self._power_w[circuit_id]

    def _add(self, evse: Evse) -> None:
        wiring, amps = evse.wiring, evse.rated_a
        own = PerPhase(*(amps if phase in wiring else 0.0 for phase in Phase))
        power_w = amps * self._site.voltage_v * _voltages(self._site.network, evse)
        for circuit in self._site.path(evse.circuit_id):
            if wiring.between_lines:
                self._pairs[circuit.id][_PAIRS.index(frozenset(wiring.phases))] += amps
            else:
                self._straight[circuit.id] = self._straight[circuit.id].plus(own)
            self._power_w[circuit.id] += power_w


def _line_a(one_a: float, other_a: float) -> float:
    """Return what a line carries for the two pairs it belongs to: their currents meet at 60°."""
    return sqrt(one_a * one_a + other_a * other_a + one_a * other_a)


def _voltages(network: Network, evse: Evse) -> float:
    """How often the site's voltage counts in an EVSE's power."""
    if evse.wiring.between_lines:
        return 1.0
    return sqrt(3.0) if network is Network.IT else float(len(evse.wiring.phases))
