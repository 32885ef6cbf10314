"""What a car takes by itself, call by call: lowered to it, and let up when it wants more again."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.smart_charging.own_limit import LONGEST_WAIT, OwnLimit

MOST_A = 32.0


def grants(draws: Callable[[float], float], calls: int, own: OwnLimit | None = None) -> list[float]:
    """What the car may draw, call by call, where nothing but its own limit lowers it."""
    own = own or OwnLimit(min_a=6.0)
    granted_a: list[float] = []
    for number in range(calls):
        granted_a.append(MOST_A if own.ceiling_a is None else min(own.ceiling_a, MOST_A))
        own.measured(draws(granted_a[-1]), granted_a[-1], delivered_wh=100.0 * number)
    return granted_a


def test_a_car_that_draws_nearly_all_it_may_keeps_its_grant() -> None:
    assert grants(lambda granted_a: granted_a - 0.8, 20) == [MOST_A] * 20


def test_a_car_that_stays_somewhat_below_its_grant_is_not_taken_down_step_by_step() -> None:
    assert grants(lambda granted_a: granted_a - 1.5, 20) == [MOST_A] * 20


def test_a_slow_car_is_lowered_and_then_to_no_more_than_it_takes() -> None:
    assert grants(lambda granted_a: min(granted_a, 15.9), 3) == [32.0, 17.0, 16.0]


def test_a_slow_car_is_tried_again_less_and_less_often() -> None:
    granted_a = grants(lambda granted_a: min(granted_a, 15.9), 60)
    tried = [number for number, amps in enumerate(granted_a) if amps > 17.0 and number > 0]
    waits = [later - earlier for earlier, later in pairwise(tried)]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT


def test_a_car_whose_own_limit_goes_gets_everything_back_when_it_is_tried() -> None:
    own = OwnLimit(min_a=6.0)
    grants(lambda granted_a: min(granted_a, 15.9), 60, own)
    assert MOST_A in grants(lambda granted_a: granted_a, LONGEST_WAIT + 3, own)


def test_a_car_that_draws_more_below_its_ceiling_is_let_up_at_once() -> None:
    own = OwnLimit(min_a=6.0)
    grants(lambda granted_a: min(granted_a, 15.3), 3, own)
    assert own.ceiling_a == 16.0
    own.measured(15.9, 16.0, 1000.0)
    assert own.ceiling_a == 18.0


def test_a_car_that_fills_up_is_followed_down_to_its_minimum() -> None:
    falling_a = iter([30.0, 27.0, 24.0, 20.0, 16.0, 11.0, 7.0, 3.0, 2.0])
    assert grants(lambda _: next(falling_a), 9)[-1] == 6.0


def test_steps_of_eight_amperes_leave_whole_steps() -> None:
    own = OwnLimit(min_a=8.0, step_a=8.0)
    assert grants(lambda granted_a: min(granted_a, 9.0), 2, own) == [32.0, 16.0]


def test_without_readings_it_gets_all_it_can() -> None:
    own = OwnLimit(min_a=6.0)
    own.measured(10.0, 32.0, 0.0)
    own.reset()
    assert own.ceiling_a is None


def test_what_it_drew_before_a_pause_is_no_proof() -> None:
    """10 A of 32, a pause, 10 A of 12: it may have become slower in between."""
    own = OwnLimit(min_a=6.0)
    own.measured(10.0, 32.0, 0.0)
    own.paused()
    own.measured(10.0, 12.0, 100.0)
    assert own.ceiling_a == 11.0


@given(st.floats(0.2, 3.0), st.floats(2_000.0, 20_000.0), st.floats(0.1, 0.5))
def test_the_end_of_a_charge_is_told_from_two_falling_currents(
    time_h: float, full_wh: float, between_h: float
) -> None:
    own = OwnLimit(min_a=6.0)
    for at_h in (0.0, between_h):
        left_wh = full_wh * exp(-at_h / time_h)
        own.measured(left_wh / time_h / 230.0, 1000.0, full_wh - left_wh)
    seen = own.taper(full_wh - left_wh, 230.0)
    if seen is not None:
        assert seen.time_h == pytest.approx(time_h, rel=1e-3)
        assert seen.left_wh == pytest.approx(left_wh, rel=1e-3)


def test_a_steady_current_tells_nothing_of_an_end() -> None:
    own = OwnLimit(min_a=6.0)
    grants(lambda granted_a: min(granted_a, 15.9), 10, own)
    assert own.taper(1000.0, 230.0) is None


@given(st.floats(0.0, 40.0), st.integers(1, 40))
def test_nobody_is_held_below_what_he_takes(takes_a: float, calls: int) -> None:
    granted_a = grants(lambda granted_a: min(granted_a, takes_a), calls)
    assert all(amps >= min(max(takes_a, 6.0), MOST_A) for amps in granted_a)
