"""The guided check of a meter: a known load is switched on, and the meter has to show it. Pure.

The installer loads one phase of the grid through a charger (a car on one phase, a heater on a
test box), the circuit's readings before and after are compared, and the verdict says in words
what is wrong and what to do. Three such steps, one for each phase, tell how the meter is wired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Final

from csms.smart_charging.grid import PerPhase, Phase

NOISE_A: Final = 0.5
"""A smaller change is none."""
MIN_STEP_A: Final = 3.0
"""A smaller load can't be told from the building's own."""
_MOVED: Final = 0.4
"""Share of the largest change that makes another phase count as moved."""
_UNSTEADY: Final = 0.3
"""Spread of the readings, as a share of the step, that drowns it."""
_SCALE_FITS: Final = (0.75, 1.3)


class Finding(StrEnum):
    OK = "ok"
    SWAPPED_PHASE = "swapped_phase"
    WRONG_SIGN = "wrong_sign"
    NOTHING_ROSE = "nothing_rose"
    WRONG_SCALE = "wrong_scale"
    UNCLEAR = "unclear"
    """Other loads changed meanwhile: try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadStep:
    """What the installer switched on."""

    what: str
    """For people, for example `charger CP-1`."""
    phase: Phase
    """Of the grid: after the charger's own wiring."""
    current_a: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    findings: tuple[Finding, ...]
    message: str
    """What was seen and what to do, for the installer."""
    change_a: PerPhase
    phase_seen: Phase | None = None
    """Where the meter showed the load; None if that isn't clear."""

    @property
    def ok(self) -> bool:
        return self.findings == (Finding.OK,)


def check_step(before: Sequence[PerPhase], after: Sequence[PerPhase], step: LoadStep) -> Verdict:
    """Compare a circuit's readings before and after a load was switched on.

    A few readings each, once they are steady. Raises ValueError if there are none, or if the
    load is too small to be told from others.
    """
    if not before or not after:
        raise ValueError("readings are needed from before and after the load was switched on")
    if step.current_a < MIN_STEP_A:
        raise ValueError(f"a load of at least {MIN_STEP_A:g} A is needed, not {step.current_a:g} A")
    change_a = _middle(after).minus(_middle(before))
    loaded = f"loaded {step.phase.name} with {step.what} ({step.current_a:g} A)"
    if max(_spread(before), _spread(after)) > _UNSTEADY * step.current_a:
        return Verdict(
            findings=(Finding.UNCLEAR,),
            message=f"{loaded}: other loads changed at the same time; check again",
            change_a=change_a,
        )
    moved = _moved(change_a)
    if not moved:
        return Verdict(
            findings=(Finding.NOTHING_ROSE,),
            message=f"{loaded}: the meter shows no change; it sits in another circuit, its "
            "transformers aren't connected, or the load did not run",
            change_a=change_a,
        )
    if len(moved) > 1:
        seen = ", ".join(f"{phase.name} {change_a[phase]:+.1f} A" for phase in moved)
        return Verdict(
            findings=(Finding.UNCLEAR,),
            message=f"{loaded}: several phases of the meter changed ({seen}); is the load on one "
            "phase alone? If so, other loads changed too: check again",
            change_a=change_a,
        )
    return _judged(loaded, change_a, moved[0], step)


def _judged(loaded: str, change_a: PerPhase, seen: Phase, step: LoadStep) -> Verdict:
    """Judge a load that showed on one phase of the meter."""
    change = change_a[seen]
    verb = "rose" if change > 0 else "fell"
    findings: list[Finding] = []
    advice: list[str] = []
    if seen is not step.phase:
        findings.append(Finding.SWAPPED_PHASE)
        advice.append(
            f"{step.phase.name} and {seen.name} are swapped, at the meter or at the charger: "
            "correct `phases` of the one that is wrong (a second charger tells which)"
        )
    if change < 0:
        findings.append(Finding.WRONG_SIGN)
        advice.append(
            "the sign is wrong: turn the current transformer around, or set `inverted` if all "
            "phases fall"
        )
    share = abs(change) / step.current_a
    if not _SCALE_FITS[0] <= share <= _SCALE_FITS[1]:
        findings.append(Finding.WRONG_SCALE)
        advice.append(
            f"it shows {share:.3g} times the load: correct the ratio of the current transformers "
            "or the scale"
        )
    message = f"{loaded}: meter phase {seen.name} {verb} by {abs(change):.1f} A"
    return Verdict(
        findings=tuple(findings) or (Finding.OK,),
        message="; ".join([message, *advice]) if advice else f"{message}, as it should",
        change_a=change_a,
        phase_seen=seen,
    )


def check_load(
    off: Sequence[PerPhase], on: Sequence[PerPhase], what: str, drawn_a: PerPhase
) -> Verdict:
    """Compare readings without and with a load of one or several phases of the grid.

    Several phases are judged each by itself: they tell sign and scale, but not which is which.
    Raises ValueError as `check_step` does.
    """
    loaded = [phase for phase in Phase if drawn_a[phase] >= MIN_STEP_A]
    if len(loaded) <= 1:
        phase = max(Phase, key=lambda each: drawn_a[each])
        return check_step(off, on, LoadStep(what=what, phase=phase, current_a=drawn_a[phase]))
    verdicts = [
        check_step(
            [_alone(reading, phase) for reading in off],
            [_alone(reading, phase) for reading in on],
            LoadStep(what=what, phase=phase, current_a=round(drawn_a[phase], 1)),
        )
        for phase in loaded
    ]
    found = {finding for verdict in verdicts for finding in verdict.findings}
    if found == {Finding.OK}:
        advice = "a load on one phase would also tell whether phases are swapped"
    else:
        found.discard(Finding.OK)
        advice = "check again with a load on one phase"
    return Verdict(
        findings=tuple(finding for finding in Finding if finding in found),
        message="; ".join([*(verdict.message for verdict in verdicts), advice]),
        change_a=_middle(on).minus(_middle(off)),
    )


def _alone(reading: PerPhase, phase: Phase) -> PerPhase:
    return PerPhase(*(reading[each] if each is phase else 0.0 for each in Phase))


def corrected_phases(
    phases: Sequence[Phase], seen: Mapping[Phase, Phase]
) -> tuple[Phase, ...] | None:
    """Return what `phases` of the meter should be, None if the steps contradict each other.

    `seen` tells for each loaded phase of the grid where the meter showed it with the present
    `phases`. Phases that weren't loaded keep their place if it is still free.
    """
    if len(set(seen.values())) != len(seen) or not set(seen.values()) <= set(phases):
        return None
    truth = {shown: loaded for loaded, shown in seen.items()}
    free = [phase for phase in phases if phase not in truth.values()]
    corrected: dict[int, Phase] = {}
    for terminal, phase in enumerate(phases):
        if phase in truth:
            corrected[terminal] = truth[phase]
        elif phase in free:
            corrected[terminal] = phase
            free.remove(phase)
    for terminal in range(len(phases)):
        if terminal not in corrected:
            corrected[terminal] = free.pop(0)
    return tuple(corrected[terminal] for terminal in range(len(phases)))


def _middle(readings: Sequence[PerPhase]) -> PerPhase:
    return PerPhase(*(median(reading[phase] for reading in readings) for phase in Phase))


def _spread(readings: Sequence[PerPhase]) -> float:
    """How far readings lie from their median; the worst phase. One outlier alone is let go."""
    middle = _middle(readings)
    worst = 0.0
    for phase in Phase:
        distances = sorted(abs(reading[phase] - middle[phase]) for reading in readings)
        worst = max(worst, distances[-2] if len(distances) > 2 else distances[-1])
    return worst


def _moved(change_a: PerPhase) -> list[Phase]:
    largest = max(abs(change) for change in change_a)
    return [phase for phase in Phase if abs(change_a[phase]) >= max(NOISE_A, _MOVED * largest)]
