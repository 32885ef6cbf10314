"""The breakers that judge load management are as strict as the standard lets them be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from fake_chargepoints.breakers import (
    BreakerBoard,
    CircuitPlan,
    Curve,
    Pole,
    connection,
)

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
HOUR_S = 3600


def trips_after_s(load: float, curve: Curve = "C", *, rated_a: float = 32.0) -> int | None:
    """Seconds until a cold pole trips at so many ratings, None if it holds for two hours."""
    pole = Pole(rated_a, curve)
    for second in range(1, 2 * HOUR_S):
        if pole.carry(load * rated_a, 1.0, NOON + timedelta(seconds=second)):
            return second
    return None


@pytest.mark.parametrize("load", [0.5, 1.0, 1.13])
def test_a_breaker_holds_up_to_its_non_tripping_current(load: float) -> None:
    assert trips_after_s(load) is None


@pytest.mark.parametrize("load", [1.2, 1.45])
def test_a_breaker_trips_within_the_conventional_hour(load: float) -> None:
    after_s = trips_after_s(load)
    assert after_s is not None
    assert 10 < after_s < HOUR_S


def test_a_breaker_trips_between_a_second_and_a_minute_at_255_percent() -> None:
    after_s = trips_after_s(2.55)
    assert after_s is not None
    assert 1 < after_s < 60


@pytest.mark.parametrize(("curve", "load"), [("B", 3.1), ("C", 5.1)])
def test_a_short_circuit_trips_at_once(curve: Curve, load: float) -> None:
    assert trips_after_s(load, curve) == 1


def test_curve_c_bears_a_start_that_curve_b_does_not() -> None:
    assert trips_after_s(4.0, "B") == 1
    after_s = trips_after_s(4.0, "C")
    assert after_s is not None
    assert after_s > 1


def test_a_warm_breaker_trips_earlier_than_a_cold_one() -> None:
    warm = Pole(32.0)
    for _ in range(HOUR_S):
        assert not warm.carry(32.0, 1.0, NOON)
    seconds = next(n for n in count(1) if warm.carry(1.45 * 32, 1.0, NOON))
    cold_s = trips_after_s(1.45)
    assert cold_s is not None
    assert seconds < cold_s


def test_the_longest_overload_counts_without_pauses() -> None:
    pole = Pole(16.0)
    for current_a in (17, 17, 15, 17, 17, 17, 16.04, 18):
        pole.carry(current_a, 1.0, NOON)
    assert pole.longest_overload_s == 3.0
    assert pole.worst_excess_a == 2.0
    assert pole.overload_s == 1.0


GARAGE = (
    CircuitPlan("main", (63.0, 63.0, 63.0)),
    CircuitPlan("left", (32.0, 32.0, 32.0), "main"),
    CircuitPlan("right", (32.0, 32.0, 0.0), "main"),
)


def test_currents_add_up_on_the_way_to_the_grid() -> None:
    board = BreakerBoard.of(GARAGE)
    cars = [
        ("left", connection("left", "RST").line_currents((16.0, 16.0, 16.0))),
        ("left", connection("left", "STR").line_currents((10.0, 0.0, 0.0))),
        ("right", connection("right", "L1").line_currents((6.0, 0.0, 0.0))),
    ]
    board.carry(cars, [("main", (20.0, 5.0, -8.0))], 1.0, NOON)
    assert board.circuits["left"].current_a == pytest.approx((16, 26, 16))
    assert board.circuits["right"].current_a == pytest.approx((6, 0, 0))
    assert board.circuits["main"].current_a == pytest.approx((42, 31, 8))


def test_a_tripped_breaker_takes_all_behind_it_off_the_grid() -> None:
    board = BreakerBoard.of(GARAGE)
    cars = [
        ("left", connection("left", "L1").line_currents((200.0, 0.0, 0.0))),
        ("right", connection("right", "L1").line_currents((16.0, 0.0, 0.0))),
    ]
    (trip,) = board.carry(cars, [], 0.1, NOON)
    assert (trip.circuit_id, trip.line, trip.current_a) == ("left", 0, 200.0)
    assert not board.is_live("left")
    assert board.is_live("right")
    assert board.carry(cars, [], 0.1, NOON) == []
    assert board.circuits["main"].current_a == pytest.approx((16, 0, 0))


def test_a_load_on_a_phase_that_a_circuit_lacks_trips() -> None:
    board = BreakerBoard.of(GARAGE)
    cars = [("right", connection("right", "L3").line_currents((6.0, 0.0, 0.0)))]
    (trip,) = board.carry(cars, [], 1.0, NOON)
    assert trip.circuit_id == "right"
    assert trip.line == 2


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("L1-L2", 16.0)], (16.0, 16.0, 0.0)),
        ([("L1-L2", 16.0), ("L3-L1", 16.0)], (27.713, 16.0, 16.0)),
        ([("L1-L2", 16.0), ("L1-L3", 16.0)], (27.713, 16.0, 16.0)),
        ([("L2-L1", 20.0), ("L2-L3", 10.0)], (20.0, 26.458, 10.0)),
        ([("L1-L2", 16.0), ("L2-L3", 16.0), ("L3-L1", 16.0)], (27.713, 27.713, 27.713)),
    ],
)
def test_cars_between_lines_add_up_with_their_angles(
    pairs: list[tuple[str, float]], expected: tuple[float, float, float]
) -> None:
    board = BreakerBoard.of(GARAGE)
    cars = [
        ("main", connection("main", phases).line_currents((amps, 0.0, 0.0)))
        for phases, amps in pairs
    ]
    board.carry(cars, [], 1.0, NOON)
    assert board.circuits["main"].current_a == pytest.approx(expected, abs=0.001)


@pytest.mark.parametrize("phases", ["", "L4", "RSR", "L1L1", "L1-", "L1-L2L3", "R-S-T"])
def test_a_connection_that_can_not_be_is_refused(phases: str) -> None:
    with pytest.raises(ValueError, match="phases"):
        connection("main", phases)


def test_a_circuit_without_a_way_to_the_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="not fed"):
        BreakerBoard.of([CircuitPlan("a", (1, 1, 1), "b"), CircuitPlan("b", (1, 1, 1), "a")])
