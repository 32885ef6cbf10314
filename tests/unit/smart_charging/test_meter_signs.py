"""Meters that look the wrong way give themselves away."""

from __future__ import annotations

import pytest

from csms.smart_charging.grid import NO_LOAD, PerPhase, Phase
from csms.smart_charging.meter_signs import NEEDED, SignEvidence


def _jumps(evidence: SignEvidence, count: int, follows: float) -> SignEvidence:
    """The chargers take 16 A more on L2, and the meter follows."""
    for _ in range(count):
        evidence = evidence.after(
            meter_before=PerPhase(3, 4, 5),
            meter_now=PerPhase(3, 4 + 16 * follows, 5),
            chargers_before=NO_LOAD,
            chargers_now=PerPhase(0, 16, 0),
        )
    return evidence


def test_a_meter_that_falls_when_chargers_draw_is_reversed() -> None:
    assert _jumps(SignEvidence(), NEEDED, -1).reversed_phases == [Phase.L2]


def test_once_is_not_enough() -> None:
    assert _jumps(SignEvidence(), NEEDED - 1, -1).reversed_phases == []


@pytest.mark.parametrize("follows", [1.0, 0.9, 0.0])
def test_a_meter_that_follows_or_does_not_move_is_not_reversed(follows: float) -> None:
    assert _jumps(SignEvidence(), 10, follows).reversed_phases == []


def test_clouds_now_and_then_convict_nobody() -> None:
    evidence = _jumps(SignEvidence(), 10, 1)
    assert _jumps(evidence, NEEDED, -1).reversed_phases == []


def test_small_changes_prove_nothing() -> None:
    evidence = SignEvidence().after(
        meter_before=NO_LOAD,
        meter_now=PerPhase(-2, 0, 0),
        chargers_before=NO_LOAD,
        chargers_now=PerPhase(2, 0, 0),
    )
    assert evidence == SignEvidence()
