"""The guided check: what the meter shows when a known load is switched on."""

from __future__ import annotations

from itertools import permutations

import pytest

from csms.meters.commissioning import (
    Finding,
    LoadStep,
    check_load,
    check_step,
    corrected_phases,
)
from csms.smart_charging.grid import PerPhase, Phase

L1, L2, L3 = Phase.L1, Phase.L2, Phase.L3
BEFORE = [PerPhase(2.0, 5.0, 1.0), PerPhase(2.1, 5.1, 1.0), PerPhase(2.0, 5.0, 1.1)]


def _after(l1: float = 0, l2: float = 0, l3: float = 0) -> list[PerPhase]:
    return [reading.plus(PerPhase(l1, l2, l3)) for reading in BEFORE]


def _load(phase: Phase = L1, current_a: float = 16) -> LoadStep:
    return LoadStep(what="charger CP-1", phase=phase, current_a=current_a)


def test_the_right_phase_rises_as_it_should() -> None:
    verdict = check_step(BEFORE, _after(l1=15.8), _load())
    assert verdict.ok
    assert verdict.phase_seen is L1
    assert verdict.message == (
        "loaded L1 with charger CP-1 (16 A): meter phase L1 rose by 15.8 A, as it should"
    )


def test_another_phase_rises() -> None:
    verdict = check_step(BEFORE, _after(l2=15.8), _load())
    assert verdict.findings == (Finding.SWAPPED_PHASE,)
    assert verdict.phase_seen is L2
    assert "meter phase L2 rose by 15.8 A; L1 and L2 are swapped" in verdict.message


def test_the_right_phase_falls() -> None:
    verdict = check_step(BEFORE, _after(l1=-16), _load())
    assert verdict.findings == (Finding.WRONG_SIGN,)
    assert "meter phase L1 fell by 16.0 A" in verdict.message


def test_the_wrong_phase_falls() -> None:
    verdict = check_step(BEFORE, _after(l3=-16), _load())
    assert verdict.findings == (Finding.SWAPPED_PHASE, Finding.WRONG_SIGN)


def test_a_transformer_of_the_wrong_ratio_shows_too_little() -> None:
    verdict = check_step(BEFORE, _after(l1=3.2), _load())
    assert verdict.findings == (Finding.WRONG_SCALE,)
    assert "it shows 0.2 times the load" in verdict.message


def test_nothing_rises() -> None:
    verdict = check_step(BEFORE, _after(l1=0.2), _load())
    assert verdict.findings == (Finding.NOTHING_ROSE,)


def test_several_phases_rise() -> None:
    verdict = check_step(BEFORE, _after(l1=16, l2=16), _load())
    assert verdict.findings == (Finding.UNCLEAR,)
    assert "L1 +16.0 A, L2 +16.0 A" in verdict.message


def test_a_fridge_that_starts_meanwhile_does_not_confuse() -> None:
    assert check_step(BEFORE, _after(l1=16, l2=1.5), _load()).ok


def test_one_odd_reading_does_not_confuse() -> None:
    odd = [*_after(l1=16), PerPhase(2, 60, 1)]
    assert check_step(BEFORE, odd, _load()).ok


def test_loads_that_come_and_go_need_another_try() -> None:
    unsteady = [PerPhase(2, 5, 1), PerPhase(18, 5, 1), PerPhase(2, 30, 1), PerPhase(30, 5, 1)]
    verdict = check_step(BEFORE, unsteady, _load())
    assert verdict.findings == (Finding.UNCLEAR,)


def test_a_small_load_proves_nothing() -> None:
    with pytest.raises(ValueError, match="at least 3 A"):
        check_step(BEFORE, _after(l1=1), _load(current_a=1))


@pytest.mark.parametrize("truth", list(permutations((L1, L2, L3))))
@pytest.mark.parametrize("present", list(permutations((L1, L2, L3))))
def test_three_steps_tell_how_the_meter_is_wired(
    present: tuple[Phase, ...], truth: tuple[Phase, ...]
) -> None:
    seen = {truth[terminal]: present[terminal] for terminal in range(3)}
    assert corrected_phases(present, seen) == truth
    assert corrected_phases(present, dict(list(seen.items())[:2])) == truth


def test_one_step_that_shows_a_swap_swaps_two() -> None:
    assert corrected_phases((L1, L2, L3), {L1: L2}) == (L2, L1, L3)


def test_a_meter_of_one_phase_is_put_where_it_belongs() -> None:
    assert corrected_phases((L1,), {L3: L1}) == (L3,)


def test_steps_that_contradict_each_other_give_nothing() -> None:
    assert corrected_phases((L1, L2, L3), {L1: L2, L3: L2}) is None


def test_a_load_on_one_phase_is_found_by_what_was_drawn() -> None:
    verdict = check_load(BEFORE, _after(l3=15.8), "charger CP-1", PerPhase(0.2, 0.0, 16.0))
    assert verdict.ok
    assert verdict.phase_seen is L3


def test_a_load_on_three_phases_tells_signs_but_not_swaps() -> None:
    drawn = PerPhase.all(16.0)
    assert check_load(BEFORE, _after(16, 16, 16), "CP-1", drawn).findings == (Finding.OK,)
    verdict = check_load(BEFORE, _after(16, -16, 16), "CP-1", drawn)
    assert verdict.findings == (Finding.WRONG_SIGN,)
    assert verdict.phase_seen is None
    assert "check again with a load on one phase" in verdict.message
