"""What a car leaves of its grant goes to others, and comes back when it wants it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.smart_charging.headroom import Headroom

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def seconds(count: float) -> datetime:
    return NOON + timedelta(seconds=count)


def watched(
    headroom: Headroom, current_a: float, granted_a: float, start_s: int, end_s: int
) -> float | None:
    """Readings every 10 s, the first and last included; returns the ceiling after them."""
    for second in range(start_s, end_s + 1, 10):
        headroom.measured(current_a, granted_a, seconds(second))
    return headroom.ceiling_a(seconds(end_s))


def test_a_car_that_draws_6_of_16_amps_for_a_minute_keeps_7() -> None:
    headroom = Headroom(min_a=6.0)

    assert watched(headroom, 6.0, 16.0, 0, 50) is None
    assert watched(headroom, 6.0, 16.0, 60, 60) == 7.0


def test_what_it_keeps_is_rounded_up() -> None:
    assert watched(Headroom(min_a=6.0), 6.2, 16.0, 0, 60) == 8.0


def test_a_charger_that_reports_once_a_minute_is_understood_too() -> None:
    headroom = Headroom(min_a=6.0)
    headroom.measured(6.0, 16.0, seconds(0))
    headroom.measured(6.0, 16.0, seconds(60))

    assert headroom.ceiling_a(seconds(60)) == 7.0


def test_a_car_that_uses_nearly_all_is_left_alone() -> None:
    assert watched(Headroom(min_a=6.0), 14.5, 16.0, 0, 600) is None


def test_a_car_that_draws_more_in_between_is_left_alone() -> None:
    headroom = Headroom(min_a=6.0)
    watched(headroom, 6.0, 16.0, 0, 50)
    watched(headroom, 15.5, 16.0, 55, 55)

    assert watched(headroom, 6.0, 16.0, 60, 110) is None


def test_the_highest_draw_of_the_minute_counts() -> None:
    headroom = Headroom(min_a=6.0)
    watched(headroom, 6.0, 16.0, 0, 20)
    watched(headroom, 9.0, 16.0, 30, 30)

    assert watched(headroom, 6.0, 16.0, 40, 60) == 10.0


def test_a_car_that_draws_nothing_keeps_the_minimum() -> None:
    assert watched(Headroom(min_a=8.0), 0.0, 16.0, 0, 60) == 8.0


def test_a_car_that_waits_for_its_turn_shows_nothing() -> None:
    assert watched(Headroom(min_a=6.0), 0.0, 0.0, 0, 600) is None


def test_a_car_that_reaches_its_ceiling_gets_2_amps_more_and_then_all() -> None:
    headroom = Headroom(min_a=6.0)
    watched(headroom, 6.0, 16.0, 0, 60)

    headroom.measured(6.9, 7.0, seconds(70))
    assert headroom.ceiling_a(seconds(70)) == 9.0
    headroom.measured(6.9, 7.0, seconds(75))  # the raise isn't in force yet
    assert headroom.ceiling_a(seconds(75)) == 9.0
    headroom.measured(8.8, 9.0, seconds(80))
    assert headroom.ceiling_a(seconds(80)) is None


def test_a_car_that_doesnt_follow_the_raise_is_lowered_again() -> None:
    headroom = Headroom(min_a=6.0)
    watched(headroom, 6.0, 16.0, 0, 60)
    headroom.measured(6.1, 7.0, seconds(70))

    assert watched(headroom, 6.1, 9.0, 80, 140) == 8.0


def test_a_car_below_its_ceiling_for_want_of_room_isnt_raised() -> None:
    headroom = Headroom(min_a=6.0)
    watched(headroom, 11.0, 32.0, 0, 60)

    assert watched(headroom, 8.0, 8.0, 70, 200) == 12.0


def test_another_car_starts_afresh() -> None:
    headroom = Headroom(min_a=6.0)
    watched(headroom, 6.0, 16.0, 0, 60)
    headroom.reset()

    assert headroom.ceiling_a(seconds(61)) is None


def test_a_car_whose_readings_end_is_trusted_with_all_again() -> None:
    headroom = Headroom(min_a=6.0)
    watched(headroom, 6.0, 16.0, 0, 60)

    assert headroom.ceiling_a(seconds(60 + 300)) == 7.0
    assert headroom.ceiling_a(seconds(60 + 301)) is None


def test_an_old_or_repeated_reading_changes_nothing() -> None:
    headroom = Headroom(min_a=6.0)
    watched(headroom, 6.0, 16.0, 0, 60)
    headroom.measured(7.0, 7.0, seconds(60))

    assert headroom.ceiling_a(seconds(60)) == 7.0


@pytest.mark.parametrize("step_a", [1.0, 2.0, 0.1])
@settings(deadline=None)
@given(wants=st.lists(st.floats(0.0, 32.0), min_size=1, max_size=60))
def test_ceilings_fall_at_most_once_a_minute_and_always_leave_what_the_car_drew(
    step_a: float, wants: list[float]
) -> None:
    headroom = Headroom(min_a=6.0, step_a=step_a)
    granted = 32.0
    falls: list[datetime] = []
    ceiling: float | None = None
    for index, want in enumerate(wants):
        at = seconds(10 * index)
        drawn = min(want, granted)
        headroom.measured(drawn, granted, at)
        before, ceiling = ceiling, headroom.ceiling_a(at)
        if ceiling is not None and (before is None or ceiling < before):
            falls.append(at)
            assert ceiling >= max(6.0, drawn + 1.0 - 1e-5)
        granted = min(32.0, 32.0 if ceiling is None else ceiling)
    assert all(later - earlier >= timedelta(seconds=60) for earlier, later in pairwise(falls))
