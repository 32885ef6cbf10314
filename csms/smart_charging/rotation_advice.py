"""Which EVSEs an electrician should connect otherwise where imbalance costs capacity.

Cars on one phase all charge on the first terminal: where every EVSE is connected alike, L1 is
full while L2 and L3 have room. The advice is found on what the EVSEs were seen to want, phase by
phase: what every circuit lets through, with the phases as they are and as they could be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from csms.smart_charging.grid import (
    NO_LOAD,
    Circuit,
    EvseKey,
    Network,
    PerPhase,
    Phase,
    Site,
    Wiring,
)

LEAST_GAIN_A: Final = 1.0
"""Less isn't worth a screwdriver."""
MOST_ADVICE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an EVSE's cars want when it matters: so many A on so many phases."""

    current_a: float
    phases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Connect one EVSE otherwise."""

    key: EvseKey
    now: Wiring
    better: Wiring
    gain_a: float
    """How much more can be drawn in all, summed over the phases, with all advice before this."""
    reason: str


def advise_rotations(
    site: Site,
    usage: Mapping[EvseKey, Usage],
    load_a: Mapping[str, PerPhase] | None = None,
) -> list[Advice]:
    """Return what to connect otherwise, the greatest gain first; empty where nothing is lost.

    Each advice supposes that those before it were followed. `load_a` is the other load behind
    each circuit (default: what the installer assumed). The direction of rotation is kept: an
    EVSE on three phases is only turned (RST, STR, TRS). Two phases and IT nets get no advice.
    """
    if site.network is not Network.THREE_PHASE:
        return []
    flow = _Flow(site, usage, load_a)
    advice: list[Advice] = []
    while len(advice) < MOST_ADVICE:
        best = flow.best_turn()
        if best is None:
            break
        advice.append(best)
        flow.turn(best.key, best.better)
    return advice


class _Flow:
    """What the circuits let through of what EVSEs want, each phase by itself.

    A car on several phases counts on each as if they were independent.
    """

    def __init__(
        self,
        site: Site,
        usage: Mapping[EvseKey, Usage],
        load_a: Mapping[str, PerPhase] | None,
    ) -> None:
        self._site = site
        self._usage = usage
        self._wirings = {evse.key: evse.wiring for evse in site.evses}
        self._room = {c.id: _room(c, load_a) for c in site.circuits}
        depth = {c.id: sum(1 for _ in site.path(c.id)) for c in site.circuits}
        self._upwards = sorted(site.circuits, key=lambda c: -depth[c.id])
        self._circuit_of = {evse.key: evse.circuit_id for evse in site.evses}
        self._drawn = {circuit.id: NO_LOAD for circuit in site.circuits}
        self._wanted_a = 0.0
        for evse in site.evses:
            draw = self._draw_a(evse.key, evse.wiring)
            self._drawn[evse.circuit_id] = self._drawn[evse.circuit_id].plus(draw)
            self._wanted_a += sum(draw)

    def best_turn(self) -> Advice | None:
        """Return the turn of one EVSE that gains most, None if none gains enough."""
        now_a = self.through_a()
        if self._wanted_a - now_a < LEAST_GAIN_A:
            return None
        best: Advice | None = None
        for key, wiring, other in self._turns():
            self.turn(key, other)
            gain_a = self.through_a() - now_a
            self.turn(key, wiring)
            if gain_a >= LEAST_GAIN_A and (best is None or gain_a > best.gain_a + 1e-6):
                reason = (
                    f"{other.phases[0].name} has room where {wiring.phases[0].name} is full: "
                    f"{gain_a:.0f} A more in all"
                )
                best = Advice(key=key, now=wiring, better=other, gain_a=gain_a, reason=reason)
        return best

    def turn(self, key: EvseKey, wiring: Wiring) -> None:
        """Connect an EVSE otherwise."""
        circuit_id = self._circuit_of[key]
        drawn = self._drawn[circuit_id].minus(self._draw_a(key, self._wirings[key]))
        self._drawn[circuit_id] = drawn.plus(self._draw_a(key, wiring))
        self._wirings[key] = wiring

    def through_a(self) -> float:
        """Return the A that all EVSEs together can draw, summed over the phases."""
        carried = dict(self._drawn)
        through_a = 0.0
        for circuit in self._upwards:
            flow = _balanced(carried[circuit.id].least(self._room[circuit.id]), circuit)
            if circuit.parent_id is None:
                through_a += sum(flow)
            else:
                carried[circuit.parent_id] = carried[circuit.parent_id].plus(flow)
        return through_a

    def _draw_a(self, key: EvseKey, wiring: Wiring) -> PerPhase:
        usage = self._usage.get(key)
        if usage is None:
            return NO_LOAD
        on = wiring.first(usage.phases)
        return PerPhase(*(usage.current_a if phase in on else 0.0 for phase in Phase))

    def _turns(self) -> Iterator[tuple[EvseKey, Wiring, Wiring]]:
        """Every other way to connect an EVSE; of those alike in all one is enough."""
        seen: set[tuple[str, Wiring, Usage]] = set()
        for evse in sorted(self._site.evses, key=lambda each: each.key):
            wiring, usage = self._wirings[evse.key], self._usage.get(evse.key)
            if usage is None or len(wiring.phases) == 2:
                continue
            if (
                usage.phases >= len(wiring.phases) == 3
                or (alike := (evse.circuit_id, wiring, usage)) in seen
            ):
                continue
            seen.add(alike)
            breaker_a = self._site.circuit(evse.circuit_id).breaker_a
            for by in (1, 2):
                phases = tuple(Phase((phase + by) % 3) for phase in wiring.phases)
                if all(breaker_a[phase] > 0 for phase in phases):
                    yield evse.key, wiring, Wiring(phases)


def _room(circuit: Circuit, load_a: Mapping[str, PerPhase] | None) -> PerPhase:
    load = circuit.assumed_load_a if load_a is None else load_a.get(circuit.id, NO_LOAD)
    return circuit.limit_a.minus(load).at_least(0.0)


def _balanced(flow: PerPhase, circuit: Circuit) -> PerPhase:
    """No phase more than the circuit's imbalance above the least."""
    if circuit.max_imbalance_a is None:
        return flow
    return flow.least(PerPhase.all(min(flow) + circuit.max_imbalance_a))
