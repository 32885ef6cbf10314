"""What may still be drawn in a quarter hour whose mean power is capped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.smart_charging.quarter_hour import QuarterHourBudget

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def seconds(count: float) -> datetime:
    return NOON + timedelta(seconds=count)


def watched(budget: QuarterHourBudget, power_w: float, start_s: int, end_s: int) -> None:
    for second in range(start_s, end_s, 10):
        budget.reading(power_w, seconds(second))


def test_five_minutes_at_16_kw_leave_7_kw_for_the_rest_of_a_10_kw_quarter() -> None:
    budget = QuarterHourBudget(10_000.0)
    watched(budget, 16_000.0, 0, 300)

    assert budget.used_wh(seconds(300)) == pytest.approx(1333.3, abs=0.1)
    assert budget.allowed_w(seconds(300)) == pytest.approx(7000.0)


def test_a_quiet_start_may_be_made_up_for() -> None:
    budget = QuarterHourBudget(10_000.0)
    watched(budget, 4000.0, 0, 450)

    assert budget.allowed_w(seconds(450)) == pytest.approx(16_000.0)


def test_every_quarter_of_the_clock_starts_afresh() -> None:
    budget = QuarterHourBudget(10_000.0)
    watched(budget, 16_000.0, 0, 900)

    assert budget.allowed_w(seconds(898)) == 0.0
    assert budget.used_wh(seconds(900)) == 0.0
    assert budget.allowed_w(seconds(900)) == pytest.approx(10_000.0)


def test_a_quarter_begun_before_the_server_counts_at_the_cap_until_then() -> None:
    budget = QuarterHourBudget(10_000.0)

    assert budget.allowed_w(seconds(600)) == pytest.approx(10_000.0)


def test_feed_in_gives_nothing_back() -> None:
    budget = QuarterHourBudget(10_000.0)
    watched(budget, -5000.0, 0, 300)

    assert budget.used_wh(seconds(300)) == 0.0


@pytest.mark.parametrize(("last_w", "expected_wh"), [(4000.0, 733.3), (16_000.0, 1333.3)])
def test_a_silent_meter_counts_at_the_cap_or_at_its_last_power_if_that_was_more(
    last_w: float, expected_wh: float
) -> None:
    budget = QuarterHourBudget(10_000.0, max_age_s=60.0)
    budget.reading(last_w, NOON)

    assert budget.used_wh(seconds(300)) == pytest.approx(expected_wh, abs=0.1)


def test_the_last_seconds_let_nobody_up_for_a_moment() -> None:
    budget = QuarterHourBudget(10_000.0)
    watched(budget, 9000.0, 0, 890)

    allowed_at_840_w = (9_000_000 - 840 * 9000) / 60
    assert budget.allowed_w(seconds(890)) == pytest.approx(allowed_at_840_w)


@pytest.mark.parametrize("second", [841, 870, 895, 899, 899.9])
def test_the_last_minute_lets_nobody_down_who_keeps_to_the_cap(second: float) -> None:
    budget = QuarterHourBudget(10_000.0)
    watched(budget, 10_000.0, 0, int(second))

    assert budget.allowed_w(seconds(second)) == pytest.approx(10_000.0)


def test_the_last_minute_still_makes_up_for_a_house_that_takes_more() -> None:
    budget = QuarterHourBudget(10_000.0)
    watched(budget, 10_000.0, 0, 850)
    watched(budget, 13_000.0, 850, 870)

    assert budget.allowed_w(seconds(870)) == pytest.approx(8000.0)


def test_an_old_reading_is_ignored() -> None:
    budget = QuarterHourBudget(10_000.0)
    budget.reading(5000.0, seconds(100))
    used_wh = budget.used_wh(seconds(100))
    budget.reading(90_000.0, seconds(50))

    assert budget.used_wh(seconds(100)) == used_wh


@settings(deadline=None)
@given(
    wishes=st.lists(st.floats(0.0, 50_000.0), min_size=180, max_size=180),
    cap_w=st.floats(2500.0, 30_000.0),
)
def test_who_never_draws_more_than_allowed_never_exceeds_the_cap(
    wishes: list[float], cap_w: float
) -> None:
    budget = QuarterHourBudget(cap_w)
    used_ws = [0.0, 0.0]
    for index, wish_w in enumerate(wishes):
        at = seconds(10 * index)
        drawn_w = min(wish_w, budget.allowed_w(at))
        budget.reading(drawn_w, at)
        used_ws[index // 90] += 10 * drawn_w

    assert all(used <= cap_w * 900 * (1 + 1e-9) for used in used_ws)
