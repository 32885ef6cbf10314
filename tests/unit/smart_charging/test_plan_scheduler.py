"""Plan and fair shares behind one door, for a network known only as a matrix."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.smart_charging.balanced_turns import balanced_order
from csms.smart_charging.plan import PlanSettings
from csms.smart_charging.planned_sharing import Claims, share_by_plan
from csms.smart_charging.planning_rows import Coefficients, Floats
from csms.smart_charging.scheduler import Scheduler, SchedulerSettings, Session

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
PERIOD = timedelta(minutes=5)
ALONE = SchedulerSettings(plan=None)
PATIENT = SchedulerSettings(plan=PlanSettings(time_limit_s=30.0))


def one_breaker(limit_a: float, evses: int, how: SchedulerSettings = PATIENT) -> Scheduler:
    return Scheduler(np.ones((1, evses)), np.array([limit_a]), np.full(evses, 230.0), how)


def car(evse: int, hours: float = 8.0, energy_wh: float = 20_000.0) -> Session:
    return Session(
        evse=evse,
        arrived_at=NOON,
        departs_at=NOON + timedelta(hours=hours),
        energy_wh=energy_wh,
    )


def test_one_car_gets_all_it_can_take() -> None:
    assert one_breaker(63.0, 1).schedule([car(0)], NOON).tolist() == [32.0]


def test_nobody_gets_nothing() -> None:
    assert one_breaker(63.0, 2).schedule([], NOON).tolist() == [0.0, 0.0]


def test_who_leaves_soon_goes_first_by_plan() -> None:
    hurried, patient = car(0, hours=1.0, energy_wh=7000.0), car(1, hours=10.0)
    amps = one_breaker(36.0, 2).schedule([hurried, patient], NOON)
    assert amps[0] >= 30.0
    assert amps.sum() <= 36.0


def test_without_a_plan_all_get_the_same() -> None:
    amps = one_breaker(32.0, 2, ALONE).schedule([car(0, hours=1.0), car(1, hours=10.0)], NOON)
    assert amps.tolist() == [16.0, 16.0]


def test_nothing_is_left_over_that_somebody_could_use() -> None:
    """The plan alone would let the car with little left wait."""
    nearly_full = car(0, energy_wh=500.0)
    amps = one_breaker(63.0, 2).schedule([nearly_full, car(1)], NOON)
    assert amps[0] >= 6.0


def test_what_a_slow_car_leaves_goes_to_the_other() -> None:
    scheduler = one_breaker(40.0, 2, ALONE)
    slow, other = car(0), car(1)
    amps = scheduler.schedule([slow, other], NOON)
    assert amps.tolist() == [20.0, 20.0]
    readings = (replace(slow, measured_a=10.0), replace(other, measured_a=20.0))
    amps = scheduler.schedule(readings, NOON + PERIOD)
    assert amps.tolist() == [11.0, 29.0]


def test_a_car_that_wants_more_again_gets_it_back() -> None:
    scheduler = one_breaker(40.0, 2, ALONE)
    now, amps, draws = NOON, np.zeros(2), [10.0, 10.0, 10.0, 32.0, 32.0, 32.0, 32.0]
    for most_a in draws:
        drawn = np.minimum(amps, [most_a, 32.0])
        sessions = [replace(car(i), measured_a=float(drawn[i])) for i in range(2)]
        amps = scheduler.schedule(sessions, now)
        now += PERIOD
    assert amps.tolist() == [20.0, 20.0]


def test_a_car_that_was_started_is_not_stopped_at_the_next_call() -> None:
    """Room for one; the second came with less and could be served first."""
    scheduler = one_breaker(8.0, 2, ALONE)
    assert scheduler.schedule([car(0)], NOON).tolist() == [8.0, 0.0]
    ahead = replace(car(0), delivered_wh=5000.0)
    assert scheduler.schedule([ahead, car(1)], NOON + PERIOD).tolist() == [8.0, 0.0]


def test_after_its_turn_the_least_served_car_is_next() -> None:
    scheduler = one_breaker(8.0, 2, ALONE)
    scheduler.schedule([car(0)], NOON)
    ahead = replace(car(0), delivered_wh=5000.0)
    later = NOON + timedelta(hours=1)
    assert scheduler.schedule([ahead, car(1)], later).tolist() == [0.0, 8.0]


def test_another_car_at_the_same_evse_is_not_judged_by_the_one_before() -> None:
    scheduler = one_breaker(40.0, 1, ALONE)
    scheduler.schedule([car(0)], NOON)
    scheduler.schedule([replace(car(0), measured_a=8.0)], NOON + PERIOD)
    newcomer = replace(car(0), arrived_at=NOON + 2 * PERIOD)
    assert scheduler.schedule([newcomer], NOON + 2 * PERIOD).tolist() == [32.0]


def test_unknown_departure_and_energy_are_no_obstacle() -> None:
    stranger = Session(evse=0, arrived_at=NOON)
    assert one_breaker(20.0, 1).schedule([stranger], NOON).tolist() == [20.0]


def test_a_plan_out_of_time_leaves_fair_shares() -> None:
    no_time = SchedulerSettings(plan=PlanSettings(time_limit_s=0.0))
    scheduler = one_breaker(32.0, 2, no_time)
    assert scheduler.schedule([car(0), car(1)], NOON).tolist() == [16.0, 16.0]
    assert scheduler.last_plan is None


def test_power_per_ampere_is_needed_for_each_evse() -> None:
    with pytest.raises(ValueError, match="3 values"):
        Scheduler(np.ones((1, 3)), np.array([32.0]), np.full(2, 230.0))


def test_one_limit_is_needed_for_each_row() -> None:
    with pytest.raises(ValueError, match="2 values"):
        Scheduler(np.ones((2, 3)), [32.0], 230.0)


def test_plain_lists_and_one_power_for_all_will_do() -> None:
    scheduler = Scheduler([[1, 1]], [32], 230, ALONE)
    assert scheduler.schedule([car(0), car(1)], NOON).tolist() == [16.0, 16.0]


@pytest.mark.parametrize("evses", [(0, 0), (0, 2), (-1, 0)])
def test_an_evse_that_is_taken_or_not_there_is_an_error(evses: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="EVSE"):
        one_breaker(32.0, 2).schedule([car(evse) for evse in evses], NOON)


@pytest.mark.parametrize("how", [PATIENT, ALONE])
def test_who_has_got_his_energy_takes_nothing_from_others(how: SchedulerSettings) -> None:
    full = replace(car(0), delivered_wh=20_000.0)
    assert one_breaker(16.0, 2, how).schedule([full, car(1)], NOON).tolist() == [0.0, 16.0]


def test_a_limit_can_change_between_calls() -> None:
    scheduler = one_breaker(32.0, 1)
    scheduler.schedule([car(0)], NOON)
    scheduler.limits_a = np.array([10.0])
    assert scheduler.schedule([car(0)], NOON + PERIOD).tolist() == [10.0]


def test_where_nobody_says_when_he_leaves_all_have_something_after_four_hours() -> None:
    scheduler = one_breaker(32.0, 8, SchedulerSettings())
    got_wh, now = np.zeros(8), NOON
    while now < NOON + timedelta(hours=4):
        cars = [
            Session(evse=i, arrived_at=NOON, energy_wh=10_000.0, delivered_wh=got_wh[i])
            for i in range(8)
        ]
        got_wh += scheduler.schedule(cars, now) * 230.0 / 6
        now += 2 * PERIOD
    assert got_wh.min() > 500.0


def phasors() -> Coefficients:
    """Six EVSEs between lines, two a pair; the currents of the three lines."""
    pair = np.exp(1j * np.deg2rad(np.repeat([30.0, -90.0, 150.0], 2)))
    lines = np.array([[1, 1, 0, 0, -1, -1], [-1, -1, 1, 1, 0, 0], [0, 0, -1, -1, 1, 1]])
    return np.asarray(lines * pair, dtype=np.complex128)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(1.0, 60.0), min_size=3, max_size=3),
    st.lists(st.tuples(st.floats(0.2, 8.0), st.floats(500.0, 30_000.0)), min_size=6, max_size=6),
)
def test_exact_shares_give_everybody_what_is_planned_for_him(
    limits: list[float], wishes: list[tuple[float, float]]
) -> None:
    """Who fills a line to the last millionth keeps what he has when the rest is shared."""
    exact = replace(PATIENT, continuous=True)
    scheduler = Scheduler(phasors(), limits, 208.0, exact)
    sessions = [replace(car(i, *wish), min_a=0.0) for i, wish in enumerate(wishes)]
    amps = scheduler.schedule(sessions, NOON)
    assert scheduler.last_plan is not None
    assert (amps >= scheduler.last_plan.target_a - 1e-3).all()
    assert (np.abs(phasors() @ amps) <= np.array(limits) + 1e-6).all()


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.floats(5.0, 80.0), min_size=3, max_size=3),
    st.lists(st.tuples(st.floats(0.2, 8.0), st.floats(500.0, 30_000.0)), min_size=6, max_size=6),
    st.lists(st.floats(3.0, 32.0), min_size=6, max_size=6),
)
def test_lines_of_an_it_net_are_never_overloaded_in_an_hour(
    limits: list[float], wishes: list[tuple[float, float]], takes_a: list[float]
) -> None:
    rows, limits_a = phasors(), np.array(limits)
    scheduler = Scheduler(rows, limits_a, np.full(6, 208.0), PATIENT)
    delivered, amps, now = np.zeros(6), np.zeros(6), NOON
    for _ in range(12):
        drawn = np.minimum(amps, takes_a)
        sessions = [
            replace(car(i, *wishes[i]), delivered_wh=delivered[i], measured_a=float(drawn[i]))
            for i in range(6)
            if delivered[i] < wishes[i][1] and NOON + timedelta(hours=wishes[i][0]) > now
        ]
        amps = scheduler.schedule(sessions, now)
        assert (np.abs(rows @ amps) <= limits_a + 1e-6).all()
        assert all(amp == 0 or 6 <= amp <= 32 for amp in amps)
        delivered += np.minimum(amps, takes_a) * 208.0 / 12
        now += PERIOD


def equal_shares(claims: Claims) -> Floats:
    """The simplest fair allocation: 20 A, minima in turn, then equal steps of 1 A."""
    amps = np.zeros(claims.wants.size)
    for evse in np.argsort(claims.turn, kind="stable"):
        if claims.wants[evse] and amps.sum() + claims.min_a[evse] <= 20.0:
            amps[evse] = claims.min_a[evse]
    while True:
        can = np.flatnonzero((amps > 0) & (amps + 1 <= claims.max_a))
        if not can.size or amps.sum() + 1 > 20.0:
            return amps
        amps[can[np.argmin(amps[can])]] += 1


def claims(count: int) -> Claims:
    return Claims(
        wants=np.ones(count, np.bool_),
        min_a=np.full(count, 6.0),
        max_a=np.full(count, 16.0),
        turn=np.arange(count, dtype=np.float64),
    )


def test_targets_come_before_the_minimum_of_who_may_wait() -> None:
    running = np.array([True, True, False])
    amps = share_by_plan(equal_shares, claims(3), running, np.array([0.0, 16.0, 0.0]))
    assert amps.tolist() == [0.0, 16.0, 0.0]


def test_who_runs_keeps_its_minimum_where_there_is_room() -> None:
    running = np.array([True, True, False])
    amps = share_by_plan(equal_shares, claims(3), running, np.array([0.0, 12.0, 0.0]))
    assert amps.tolist() == [8.0, 12.0, 0.0]


def test_who_may_wait_starts_with_what_nobody_else_can_use() -> None:
    small = replace(claims(2), max_a=np.full(2, 14.0))
    amps = share_by_plan(equal_shares, small, np.zeros(2, np.bool_), np.array([14.0, 0.0]))
    assert amps.tolist() == [14.0, 6.0]


def test_among_equally_needy_cars_phases_alternate() -> None:
    rows = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]])
    order = balanced_order(rows, np.array([32.0, 32.0]), np.full(4, 6.0), [[0, 1, 2, 3]])
    assert order == [0, 2, 1, 3]


def test_need_comes_before_an_even_load() -> None:
    rows = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    order = balanced_order(rows, np.array([32.0, 32.0]), np.full(3, 6.0), [[0, 1], [2]])
    assert order == [0, 1, 2]
