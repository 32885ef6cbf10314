"""Watches whether the meters rise when their chargers draw more. Needs no installer.

A charger reports a jump of its current between two of its own readings. The meter's first reading
after each of the two is compared: the jump lies between them, or the comparison says nothing.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from csms.smart_charging.grid import NO_LOAD, EvseKey, PerPhase, Phase, Site
from csms.smart_charging.meter_signs import JUMP_A, SignEvidence

LONGEST_GAP: Final = timedelta(seconds=120)
"""Readings of a charger that lie further apart say too little."""
LATEST: Final = timedelta(seconds=30)
"""A meter that tells nothing for so long after a jump is not compared."""
ALONE_A: Final = 1.0
"""Where other chargers reported more change in the same time, who caused what can't be told."""
SAMPLES: Final = 256


class _Drawn(NamedTuple):
    at: datetime
    current_a: PerPhase


class _Sample(NamedTuple):
    """What a meter showed, and what its chargers had reported by then."""

    at: datetime
    meter_a: PerPhase
    chargers_a: PerPhase
    known: int
    """How many of them had reported at all."""


class _Jump(NamedTuple):
    since: datetime
    until: datetime
    change_a: PerPhase


@dataclass(slots=True)
class _Circuit:
    beneath: list[EvseKey] = field(default_factory=list)
    samples: deque[_Sample] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    jumps: list[_Jump] = field(default_factory=list)
    evidence: SignEvidence = field(default_factory=SignEvidence)


class SignWatch:
    """The evidence for every metered circuit of a site."""

    def __init__(self, site: Site) -> None:
        self._drawn: dict[EvseKey, _Drawn] = {}
        self._circuits: dict[str, _Circuit] = defaultdict(_Circuit)
        self._above: dict[EvseKey, list[_Circuit]] = {}
        for evse in site.evses:
            path = [self._circuits[circuit.id] for circuit in site.path(evse.circuit_id)]
            self._above[evse.key] = path
            for circuit in path:
                circuit.beneath.append(evse.key)

    def charger(self, key: EvseKey, current_a: PerPhase, at: datetime) -> None:
        """Take what an EVSE was measured to draw on the grid's phases; `at` when we got it."""
        before = self._drawn.get(key)
        self._drawn[key] = _Drawn(at, current_a)
        if before is None or not timedelta(0) < at - before.at <= LONGEST_GAP:
            return
        change = current_a.minus(before.current_a)
        if max(abs(change[phase]) for phase in Phase) >= JUMP_A:
            for circuit in self._above[key]:
                if circuit.samples:
                    circuit.jumps.append(_Jump(before.at, at, change))

    def meter(self, circuit_id: str, current_a: PerPhase, at: datetime) -> None:
        """Take a reading of a circuit's meter, import positive."""
        circuit = self._circuits.get(circuit_id)
        if circuit is None or not circuit.beneath:
            return
        reported = [self._drawn[key] for key in circuit.beneath if key in self._drawn]
        chargers_a = NO_LOAD
        for drawn in reported:
            chargers_a = chargers_a.plus(drawn.current_a)
        sample = _Sample(at, current_a, chargers_a, len(reported))
        circuit.samples.append(sample)
        due = [jump for jump in circuit.jumps if jump.until <= at]
        circuit.jumps = [jump for jump in circuit.jumps if jump.until > at]
        for jump in due:
            _weigh(circuit, jump, sample)

    def reversed_phases(self, circuit_id: str) -> list[Phase]:
        """The phases of a circuit's meter whose sign is surely wrong."""
        circuit = self._circuits.get(circuit_id)
        return [] if circuit is None else circuit.evidence.reversed_phases


def _weigh(circuit: _Circuit, jump: _Jump, now: _Sample) -> None:
    before = next((one for one in circuit.samples if one.at >= jump.since), None)
    if before is None or before.at >= jump.until or now.at - jump.until > LATEST:
        return
    if now.known != before.known:
        # A first report looks like a rise, but says nothing of what was drawn before it.
        return
    all_a = now.chargers_a.minus(before.chargers_a)
    if any(abs(all_a[phase] - jump.change_a[phase]) > ALONE_A for phase in Phase):
        return
    circuit.evidence = circuit.evidence.after(
        meter_before=before.meter_a,
        meter_now=now.meter_a,
        chargers_before=before.chargers_a,
        chargers_now=now.chargers_a,
    )
