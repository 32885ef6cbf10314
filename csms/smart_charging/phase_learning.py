"""On which phases of the grid a car really draws, learned from its charger's readings.

Until it is known all phases of the EVSE count. A phase that joins later counts at once; one
that falls silent later stays: the car may use it again any moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from csms.smart_charging.grid import PerPhase, Phase, Wiring, parse_wiring

DRAWS_A: Final = 1.0
"""A phase above this is used."""
FORGET: Final = timedelta(minutes=5)
"""Without a reading for that long another car may be there."""
SILENT_A: Final = 0.5
"""A phase below this isn't; in between nothing is learned."""
LEARNING: Final = timedelta(seconds=60)
"""How long the same phases must be seen."""
QUIET: Final = timedelta(seconds=60)
"""How long nothing is learned after a switch between one and three phases."""


def on_grid(wiring: Wiring, terminals_a: PerPhase) -> PerPhase:
    """Translate an EVSE's own L1..L3 (its terminals) into phases of the grid.

    Between two lines of an IT net the same current flows in both.
    """
    amps = [0.0, 0.0, 0.0]
    if wiring.between_lines:
        for phase in wiring.phases:
            amps[phase] = max(terminals_a)
    else:
        for phase, current_a in zip(wiring.phases, terminals_a, strict=False):
            amps[phase] = current_a
    return PerPhase(*amps)


@dataclass(slots=True)
class PhaseLearning:
    """What is known of the car at one EVSE."""

    wiring: Wiring
    _learned: frozenset[Phase] | None = field(default=None, init=False)
    _seen: frozenset[Phase] = field(default_factory=frozenset, init=False)
    _seen_since: datetime | None = field(default=None, init=False)
    _not_before: datetime | None = field(default=None, init=False)
    """Readings up to this moment belong to another car or another number of phases."""
    _measured_at: datetime | None = field(default=None, init=False)

    def phases(self, now: datetime) -> frozenset[Phase] | None:
        """Return the grid phases that the car draws on, None while unknown (then: all)."""
        if self._measured_at is not None and now - self._measured_at > FORGET:
            self._forget(self._measured_at)
        return self._learned

    def measured(self, current_a: PerPhase, at: datetime) -> None:
        """Take a reading on grid phases (see `on_grid`)."""
        if self._not_before is not None and at <= self._not_before:
            return
        self._measured_at = at
        drawing = frozenset(phase for phase in self.wiring.phases if current_a[phase] > DRAWS_A)
        if self._learned is not None:
            self._learned |= drawing
            return
        unclear = any(SILENT_A <= current_a[phase] <= DRAWS_A for phase in self.wiring.phases)
        if unclear or not drawing:
            self._seen_since = None
            return
        if self._seen_since is None or drawing != self._seen:
            self._seen, self._seen_since = drawing, at
        elif at - self._seen_since >= LEARNING:
            self._learned = self._whole(drawing)

    def reset(self, at: datetime) -> None:
        """Forget the car: it was unplugged."""
        self._forget(at)

    def switched(self, at: datetime) -> None:
        """Forget what was learned: the EVSE switched between one and three phases."""
        self._forget(at + QUIET)

    def _forget(self, until: datetime) -> None:
        self._learned = None
        self._seen_since = None
        self._measured_at = None
        self._not_before = until

    def _whole(self, phases: frozenset[Phase]) -> frozenset[Phase]:
        """Both lines of a connection between lines carry what either does."""
        return frozenset(self.wiring.phases) if self.wiring.between_lines else phases


def rotation_mismatch(wiring: Wiring, evse_id: int, reported: str) -> str | None:
    """Compare the installer's wiring with OCPP 1.6's ConnectorPhaseRotation (9.1.7).

    `reported` is the key's value, for example `0.RST, 1.RST, 2.STR`. Returns in words how they
    differ; None where they agree or the charge point doesn't know.
    """
    rotation = _reported_for(evse_id, reported)
    if rotation is None:
        return None
    try:
        theirs = parse_wiring(rotation)
    except ValueError:
        return f"EVSE {evse_id}: the charge point reports the phase rotation {rotation!r}"
    if len(theirs.phases) < len(wiring.phases) or (
        theirs.phases[: len(wiring.phases)] != wiring.phases
    ):
        return (
            f"EVSE {evse_id}: the charge point reports phases {theirs} ({rotation}), "
            f"the installation says {wiring}"
        )
    return None


def _reported_for(evse_id: int, reported: str) -> str | None:
    """Return what the list says of a connector, None for nothing, unknown and not applicable.

    A value without a number is for all. Entry 0 is the way from the grid to the main meter:
    it stands in for connectors that have none of their own.
    """
    rotations: dict[str, str] = {}
    for entry in reported.replace(";", ",").split(","):
        number, dot, rotation = entry.strip().partition(".")
        if dot:
            rotations[number.strip()] = rotation.strip().upper()
        elif number:
            rotations.setdefault("", number.upper())
    for number in (str(evse_id), "", "0"):
        if number in rotations:
            rotation = rotations[number]
            return None if rotation in {"NOTAPPLICABLE", "UNKNOWN", ""} else rotation
    return None
