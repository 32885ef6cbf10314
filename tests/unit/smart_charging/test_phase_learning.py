"""Which phases a car really draws on, and what the charge point says of its wiring."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.smart_charging.grid import PerPhase, Phase, parse_wiring
from csms.smart_charging.phase_learning import PhaseLearning, on_grid, rotation_mismatch

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
L1, L2, L3 = Phase.L1, Phase.L2, Phase.L3


def seconds(count: float) -> datetime:
    return NOON + timedelta(seconds=count)


def watched(
    learning: PhaseLearning, current_a: PerPhase, start_s: int, end_s: int
) -> set[Phase] | None:
    for second in range(start_s, end_s + 1, 10):
        learning.measured(current_a, seconds(second))
    return known(learning, end_s)


def known(learning: PhaseLearning, at_s: float) -> set[Phase] | None:
    phases = learning.phases(seconds(at_s))
    return None if phases is None else set(phases)


def three_phase_outlet() -> PhaseLearning:
    return PhaseLearning(parse_wiring("RST"))


def test_a_car_seen_on_l1_alone_for_a_minute_draws_on_l1() -> None:
    learning = three_phase_outlet()

    assert watched(learning, PerPhase(8.0, 0.0, 0.1), 0, 50) is None
    assert watched(learning, PerPhase(8.0, 0.0, 0.1), 60, 60) == {L1}


def test_two_readings_a_minute_apart_are_enough() -> None:
    learning = three_phase_outlet()
    learning.measured(PerPhase(8.0, 8.0, 0.0), seconds(0))
    learning.measured(PerPhase(8.0, 8.0, 0.0), seconds(60))

    assert known(learning, 60) == {L1, L2}


def test_a_car_that_doesnt_draw_yet_teaches_nothing() -> None:
    assert watched(three_phase_outlet(), PerPhase(0.9, 0.0, 0.0), 0, 600) is None


def test_a_phase_in_between_used_and_silent_teaches_nothing() -> None:
    assert watched(three_phase_outlet(), PerPhase(8.0, 0.7, 0.0), 0, 600) is None


def test_a_car_that_changes_its_phases_is_watched_for_another_minute() -> None:
    learning = three_phase_outlet()
    watched(learning, PerPhase(8.0, 0.0, 0.0), 0, 50)

    assert watched(learning, PerPhase(8.0, 8.0, 8.0), 55, 105) is None
    assert watched(learning, PerPhase(8.0, 8.0, 8.0), 115, 115) == {L1, L2, L3}


def test_a_phase_that_joins_later_counts_at_once() -> None:
    learning = three_phase_outlet()
    watched(learning, PerPhase(8.0, 0.0, 0.0), 0, 60)
    learning.measured(PerPhase(8.0, 1.2, 0.0), seconds(70))

    assert known(learning, 70) == {L1, L2}


def test_a_phase_that_falls_silent_later_still_counts() -> None:
    learning = three_phase_outlet()
    watched(learning, PerPhase.all(8.0), 0, 60)

    assert watched(learning, PerPhase(3.0, 0.0, 0.0), 70, 600) == {L1, L2, L3}


def test_another_car_is_unknown() -> None:
    learning = three_phase_outlet()
    watched(learning, PerPhase(8.0, 0.0, 0.0), 0, 60)
    learning.reset(seconds(65))

    assert known(learning, 65) is None
    learning.measured(PerPhase(8.0, 0.0, 0.0), seconds(65))  # still the old car's
    assert watched(learning, PerPhase.all(8.0), 70, 130) == {L1, L2, L3}


def test_a_charger_that_falls_silent_may_have_another_car_by_now() -> None:
    learning = three_phase_outlet()
    watched(learning, PerPhase(8.0, 0.0, 0.0), 0, 60)

    assert known(learning, 360) == {L1}
    assert known(learning, 361) is None


def test_nothing_is_learned_in_the_minute_after_a_switch() -> None:
    learning = three_phase_outlet()
    watched(learning, PerPhase.all(8.0), 0, 60)
    learning.switched(seconds(100))

    assert watched(learning, PerPhase(8.0, 0.0, 0.0), 105, 165) is None
    assert watched(learning, PerPhase(8.0, 0.0, 0.0), 175, 225) == {L1}


@pytest.mark.parametrize(
    ("wiring", "expected"),
    [
        ("RST", (1.0, 2.0, 3.0)),
        ("STR", (3.0, 1.0, 2.0)),
        ("TRS", (2.0, 3.0, 1.0)),
        ("L2", (0.0, 1.0, 0.0)),
        ("L2-L3", (0.0, 3.0, 3.0)),
    ],
)
def test_terminals_become_phases_of_the_grid_by_the_wiring(
    wiring: str, expected: tuple[float, float, float]
) -> None:
    assert on_grid(parse_wiring(wiring), PerPhase(1.0, 2.0, 3.0)) == expected


def test_a_single_phase_car_on_a_rotated_outlet_draws_on_the_rotated_phase() -> None:
    wiring = parse_wiring("STR")
    learning = PhaseLearning(wiring)

    assert watched(learning, on_grid(wiring, PerPhase(8.0, 0.0, 0.0)), 0, 60) == {L2}


@pytest.mark.parametrize(
    ("wiring", "reported"),
    [
        ("RST", "0.RST, 1.RST, 2.RTS"),
        ("RST", "0.RST"),
        ("RST", "RST"),
        ("STR", "0.RST,1.STR"),
        ("STR", "1.str"),
        ("RST", "1.NotApplicable"),
        ("RST", "1.Unknown"),
        ("RST", ""),
        ("RST", "2.STR"),
        ("L2", "1.STR"),
        ("L1", "1.NotApplicable"),
    ],
)
def test_a_rotation_that_agrees_or_isnt_known_is_no_mismatch(wiring: str, reported: str) -> None:
    assert rotation_mismatch(parse_wiring(wiring), 1, reported) is None


@pytest.mark.parametrize(
    ("wiring", "reported"),
    [("RST", "1.STR, 2.RST"), ("STR", "0.RST"), ("L2", "1.RST"), ("RST", "1.RTS")],
)
def test_a_rotation_that_differs_is_told_in_words(wiring: str, reported: str) -> None:
    told = rotation_mismatch(parse_wiring(wiring), 1, reported)

    assert told is not None
    assert f"the installation says {parse_wiring(wiring)}" in told


def test_a_rotation_that_nobody_understands_is_told() -> None:
    assert rotation_mismatch(parse_wiring("RST"), 1, "1.ABC") is not None


currents = st.builds(PerPhase, *[st.sampled_from([0.0, 0.4, 0.8, 3.0, 16.0])] * 3)


@settings(deadline=None)
@given(readings=st.lists(currents, min_size=1, max_size=30))
def test_no_phase_that_the_car_was_seen_on_is_ever_left_out_once_it_is_learned(
    readings: list[PerPhase],
) -> None:
    learning = three_phase_outlet()
    for index, reading in enumerate(readings):
        at = seconds(15 * index)
        learning.measured(reading, at)
        learned = learning.phases(at)
        used = {phase for phase in Phase if reading[phase] > 1.0}
        assert learned is None or used <= learned
