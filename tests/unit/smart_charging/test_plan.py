"""The look ahead: who charges when, and what may never happen whatever is planned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.smart_charging.plan import (
    DemandCharge,
    Plan,
    PlannedCar,
    PlanProblem,
    PlanSettings,
    plan,
    waits_or_charges,
)
from csms.smart_charging.planning_blocks import growing_blocks
from csms.smart_charging.planning_rows import Coefficients, Floats, planning_rows
from csms.smart_charging.planning_taper import Taper
from csms.smart_charging.price_curve import PriceCurve, cost_curve, emission_curve

HOUR_S = 3600.0
ENOUGH_TIME = PlanSettings(time_limit_s=30.0)


def planned(problem: PlanProblem) -> Plan:
    """A plan that has all the time it needs on a busy machine."""
    result = plan(replace(problem, settings=replace(problem.settings, time_limit_s=30.0)))
    assert result is not None
    return result


def hours(count: int) -> Floats:
    return np.full(count, HOUR_S)


def one_breaker(limit_a: float, cars: int, **changes: object) -> PlanProblem:
    """So many single-phase cars behind one breaker, eight hours, each wants 11.5 kWh."""
    car = PlannedCar(
        column=0, power_w_per_a=230.0, max_a=32.0, departure_s=8 * HOUR_S, energy_wh=11_500.0
    )
    problem = PlanProblem(
        rows=planning_rows(np.ones((1, cars))),
        capacity=np.array([limit_a]),
        block_s=hours(8),
        cars=tuple(replace(car, column=index) for index in range(cars)),
        settings=ENOUGH_TIME,
    )
    return replace(problem, **changes)  # type: ignore[arg-type]  # names are the caller's


# ---------------------------------------------------------------- any problem at all


@st.composite
def matrices(draw: st.DrawFn) -> Coefficients:
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    size = rows * columns
    real = np.array(
        draw(st.lists(st.sampled_from([0.0, 1.0, 1.0, 0.25]), min_size=size, max_size=size))
    )
    matrix = real.reshape(rows, columns)
    if not draw(st.booleans()):
        return matrix
    angles = draw(
        st.lists(st.sampled_from([30.0, -90.0, 150.0]), min_size=columns, max_size=columns)
    )
    signs = draw(st.lists(st.sampled_from([1.0, -1.0]), min_size=size, max_size=size))
    phasors = matrix * np.array(signs).reshape(rows, columns)
    return np.asarray(phasors * np.exp(1j * np.deg2rad(np.array(angles))), dtype=np.complex128)


def floats(lowest: float, highest: float) -> st.SearchStrategy[float]:
    return st.floats(lowest, highest, allow_nan=False, allow_infinity=False)


@st.composite
def problems(draw: st.DrawFn) -> tuple[Coefficients, PlanProblem]:
    matrix = draw(matrices())
    block_s = growing_blocks(draw(floats(600.0, 12 * HOUR_S)))
    rows, blocks = matrix.shape[0], block_s.size
    shape = (rows,) if draw(st.booleans()) else (blocks, rows)
    size = int(np.prod(shape))
    limits = draw(st.lists(floats(0.0, 80.0), min_size=size, max_size=size))
    cars = []
    for column in range(matrix.shape[1]):
        arrival_s = draw(floats(-4 * HOUR_S, 4 * HOUR_S))
        stay_s = draw(st.none() | floats(0.0, 10 * HOUR_S))
        cars.append(
            PlannedCar(
                column=column,
                power_w_per_a=draw(st.sampled_from([230.0, 690.0])),
                max_a=draw(floats(0.0, 32.0)),
                arrival_s=arrival_s,
                departure_s=None if stay_s is None else arrival_s + stay_s,
                energy_wh=draw(st.none() | floats(0.0, 40_000.0)),
                delivered_wh=draw(floats(0.0, 20_000.0)),
                running=draw(st.booleans()),
            )
        )
    prices = draw(st.none() | price_curves(blocks))
    demand = draw(st.none() | demand_charges())
    return matrix, PlanProblem(
        rows=planning_rows(matrix),
        capacity=np.array(limits).reshape(shape),
        block_s=block_s,
        cars=tuple(cars),
        prices=prices,
        demand=demand,
        load_w=draw(floats(0.0, 5000.0)),
        pv_w=draw(floats(0.0, 9000.0)),
    )


@st.composite
def price_curves(draw: st.DrawFn, blocks: int) -> PriceCurve:
    price = floats(-0.05, 0.5)
    bought = draw(st.lists(price, min_size=blocks, max_size=blocks))
    return cost_curve(np.array(bought), draw(price))


@st.composite
def demand_charges(draw: st.DrawFn) -> DemandCharge:
    return DemandCharge(
        charge_per_kw=draw(floats(0.1, 5.0)),
        incurred_w=draw(floats(0.0, 8000.0)),
        cap_w=draw(st.none() | floats(1000.0, 20_000.0)),
        quarter_elapsed_s=draw(st.sampled_from([0.0, 300.0, 600.0])),
    )


@settings(max_examples=40, deadline=None)
@given(problems())
def test_a_plan_never_exceeds_a_row_in_any_block(
    drawn: tuple[Coefficients, PlanProblem],
) -> None:
    matrix, problem = drawn
    result = planned(problem)
    columns = np.zeros((matrix.shape[1], problem.block_count))
    np.add.at(columns, [car.column for car in problem.cars], result.trajectory_a)
    used = np.abs(matrix @ columns) if np.iscomplexobj(matrix) else matrix @ columns
    assert (used <= problem.capacity_by_block() + 1e-6).all()


@settings(max_examples=40, deadline=None)
@given(problems())
def test_a_plan_never_exceeds_what_a_car_takes_needs_or_stays(
    drawn: tuple[Coefficients, PlanProblem],
) -> None:
    _, problem = drawn
    result = planned(problem)
    edges = np.concatenate(([0.0], np.cumsum(problem.block_s)))
    for car, amps, energy_wh in zip(
        problem.cars, result.trajectory_a, result.energy_wh, strict=True
    ):
        assert (amps >= 0).all()
        assert (amps <= car.max_a + 1e-6).all()
        if car.energy_wh is not None:
            assert energy_wh <= car.energy_wh + 0.01
        away = edges[1:] <= car.arrival_s
        if car.departure_s is not None:
            away |= edges[:-1] >= car.departure_s
        assert not amps[away].any()


@settings(max_examples=30, deadline=None)
@given(problems())
def test_the_same_problem_has_the_same_plan(drawn: tuple[Coefficients, PlanProblem]) -> None:
    _, problem = drawn
    once, again = planned(problem), planned(problem)
    assert np.array_equal(once.trajectory_a, again.trajectory_a)


@settings(max_examples=30, deadline=None)
@given(problems(), st.data())
def test_a_higher_price_never_moves_energy_into_its_block(
    drawn: tuple[Coefficients, PlanProblem], data: st.DataObject
) -> None:
    _, problem = drawn
    blocks = problem.block_count
    block = data.draw(st.integers(0, blocks - 1))
    bought = np.array(data.draw(st.lists(floats(0.05, 0.5), min_size=blocks, max_size=blocks)))
    dearer = bought.copy()
    dearer[block] += data.draw(floats(0.01, 0.5))
    problem = replace(problem, pv_w=0.0, demand=None)
    before = planned(replace(problem, prices=cost_curve(bought)))
    after = planned(replace(problem, prices=cost_curve(dearer)))
    assert after.import_w[block] <= before.import_w[block] + 1.0


# ---------------------------------------------------------------- what is known ahead


def test_everybody_leaves_full_where_that_can_be() -> None:
    """Two cars, 16 A for both: 8 h are enough for 2 × 11.5 kWh, though only just."""
    problem = one_breaker(16.0, 2)
    result = planned(problem)
    assert result.energy_wh == pytest.approx([11_500.0, 11_500.0], abs=0.1)


def test_the_car_that_leaves_first_is_filled_first() -> None:
    problem = one_breaker(16.0, 2)
    early = replace(problem.cars[0], departure_s=3.2 * HOUR_S)
    result = planned(replace(problem, cars=(early, problem.cars[1])))
    assert result.energy_wh == pytest.approx([11_500.0, 11_500.0], abs=0.1)
    assert result.trajectory_a[0, :3].sum() > result.trajectory_a[1, :3].sum()


def test_too_little_for_all_is_shared_by_what_each_has_of_its_wish() -> None:
    """16 A for 8 h are 29 kWh; two cars want 20 kWh each, one already has half of that."""
    problem = one_breaker(16.0, 2)
    empty = replace(problem.cars[0], energy_wh=20_000.0)
    half_full = replace(problem.cars[1], energy_wh=10_000.0, delivered_wh=10_000.0)
    short = replace(problem, cars=(empty, half_full), capacity=np.array([8.0]))
    result = planned(short)
    assert result.energy_wh[0] >= 10_000.0
    assert result.energy_wh.sum() == pytest.approx(8 * 8 * 230.0, rel=1e-6)


def test_a_car_of_unknown_needs_gives_way_to_one_whose_needs_are_known() -> None:
    problem = one_breaker(8.0, 2)
    unknown = replace(problem.cars[0], departure_s=None, energy_wh=None)
    known = replace(problem.cars[1], energy_wh=8 * 8 * 230.0)
    result = planned(
        replace(
            problem,
            cars=(unknown, known),
            settings=PlanSettings(tier_values=(1.0,), front_loading=0.0, inertia=0.0),
        )
    )
    assert result.energy_wh[1] == pytest.approx(8 * 8 * 230.0, rel=1e-6)


def test_a_car_that_stays_an_unknown_time_is_still_served() -> None:
    problem = one_breaker(16.0, 1)
    unknown = replace(problem.cars[0], departure_s=None, energy_wh=None, arrival_s=-20 * HOUR_S)
    result = planned(replace(problem, cars=(unknown,)))
    assert result.target_a[0] >= 6.0


def test_a_limit_that_falls_for_an_hour_is_obeyed_in_that_hour() -> None:
    capacity = np.full((8, 1), 32.0)
    capacity[2, 0] = 7.0
    result = planned(one_breaker(32.0, 2, capacity=capacity))
    assert result.trajectory_a[:, 2].sum() <= 7.0 + 1e-6
    assert result.energy_wh == pytest.approx([11_500.0, 11_500.0], abs=0.1)


# ---------------------------------------------------------------- prices, emissions, sun


def test_energy_goes_to_the_cheapest_hours() -> None:
    """50 A·h at 32 A: the two cheapest hours suffice."""
    price = np.array([0.30, 0.28, 0.25, 0.12, 0.20, 0.10, 0.27, 0.29])
    result = planned(one_breaker(63.0, 1, prices=cost_curve(price)))
    assert result.trajectory_a[0] == pytest.approx([0, 0, 0, 18, 0, 32, 0, 0], abs=1e-6)
    assert result.ceiling_a is not None
    assert result.ceiling_a[0] == 0.0
    assert result.cost == pytest.approx((18 * 0.12 + 32 * 0.10) * 0.23)


def test_price_never_keeps_a_car_from_what_it_needs() -> None:
    price = np.full(8, 0.1)
    price[:2] = 3.0
    problem = one_breaker(63.0, 1, prices=cost_curve(price))
    leaves = replace(problem.cars[0], departure_s=2 * HOUR_S)
    result = planned(replace(problem, cars=(leaves,)))
    assert result.energy_wh[0] == pytest.approx(11_500.0, abs=0.1)


def test_clean_hours_are_used_for_emissions() -> None:
    grams = np.array([400.0, 390, 380, 120, 110, 300, 300, 300])
    result = planned(one_breaker(63.0, 1, prices=emission_curve(grams)))
    assert result.trajectory_a[0, [0, 1, 2, 5, 6, 7]].sum() == pytest.approx(0.0, abs=1e-6)


def test_the_sun_is_used_before_the_grid() -> None:
    """Surplus of 4.6 kW in hours 4 and 5: 40 A·h of 50 fit; import covers the rest only."""
    pv_w = np.zeros(8)
    pv_w[4:6] = 5600.0
    result = planned(one_breaker(63.0, 1, prices=cost_curve(np.ones(8)), pv_w=pv_w, load_w=1000.0))
    assert result.trajectory_a[0, 4:6] == pytest.approx(20.0, abs=6.1)
    charging_w = result.import_w - 1000.0 + pv_w
    imported_w = np.maximum(result.import_w, 0.0) - np.maximum(1000.0 - pv_w, 0.0)
    assert charging_w.sum() == pytest.approx(11_500.0, abs=1.0)
    assert imported_w.sum() == pytest.approx(11_500.0 - 9200.0, abs=1.0)


def test_exporting_for_more_than_import_costs_runs_nothing_in_circles() -> None:
    prices = cost_curve(np.full(8, 0.1), 0.5)
    result = planned(one_breaker(63.0, 1, prices=prices, pv_w=3000.0))
    assert result.energy_wh[0] == pytest.approx(11_500.0, abs=0.1)


def test_without_prices_nothing_is_held_down() -> None:
    assert planned(one_breaker(63.0, 1)).ceiling_a is None


# ---------------------------------------------------------------- the quarter-hour peak


def test_the_peak_already_paid_is_used_and_not_exceeded() -> None:
    """8 kW were paid for; the house takes 3 kW; 5 kW for 8 h are enough for both cars."""
    demand = DemandCharge(charge_per_kw=3.3, incurred_w=8000.0)
    prices = cost_curve(np.array([0.3, 0.1, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3]))
    result = planned(one_breaker(63.0, 2, prices=prices, demand=demand, load_w=3000.0))
    assert result.energy_wh == pytest.approx([11_500.0, 11_500.0], abs=0.1)
    assert result.peak_w == pytest.approx(8000.0)
    assert result.import_w.max() <= 8000.0 + 1e-3


def test_a_peak_is_paid_for_if_a_car_needs_it() -> None:
    demand = DemandCharge(charge_per_kw=3.3, incurred_w=2000.0)
    problem = one_breaker(63.0, 1, demand=demand)
    leaves = replace(problem.cars[0], departure_s=4 * HOUR_S)
    result = planned(replace(problem, cars=(leaves,)))
    assert result.energy_wh[0] == pytest.approx(11_500.0, abs=0.1)
    assert result.peak_w == pytest.approx(11_500.0 / 4, rel=1e-6)


def test_a_cap_on_the_peak_comes_before_what_cars_need() -> None:
    demand = DemandCharge(charge_per_kw=3.3, cap_w=2000.0)
    result = planned(one_breaker(63.0, 1, demand=demand, load_w=1000.0))
    assert result.import_w.max() <= 2000.0 + 1e-3


def test_what_was_imported_in_this_quarter_hour_counts() -> None:
    """10 kW cap, first 5 minutes at 16 kW: 1.167 kWh are left for 10 minutes, 7 kW."""
    demand = DemandCharge(
        charge_per_kw=1.0, cap_w=10_000.0, quarter_elapsed_s=300.0, quarter_energy_wh=16_000 / 12
    )
    problem = one_breaker(
        63.0, 2, demand=demand, load_w=2000.0, block_s=np.array([300.0, 300.0, 900.0])
    )
    result = planned(problem)
    assert result.import_w[:2].mean() == pytest.approx(7000.0, abs=0.1)
    assert result.import_w[2] <= 10_000.0 + 1e-3


# ---------------------------------------------------------------- minimum current, limits of use


def test_below_half_the_minimum_a_car_waits_and_above_it_charges_with_it() -> None:
    amps, least = np.array([0.0, 2.9, 3.0, 5.0, 6.0, 17.3]), np.full(6, 6.0)
    assert waits_or_charges(amps, least).tolist() == [0.0, 0.0, 6.0, 6.0, 6.0, 17.3]


def test_a_plan_for_nobody_is_empty() -> None:
    result = planned(one_breaker(16.0, 0))
    assert result.trajectory_a.shape == (0, 8)


def test_a_plan_that_cannot_finish_is_none() -> None:
    problem = one_breaker(40.0, 40)
    assert plan(replace(problem, settings=PlanSettings(time_limit_s=0.0))) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"capacity": np.array([1.0, 2.0])},
        {"capacity": np.array([np.nan])},
        {"block_s": np.array([])},
        {"prices": cost_curve(np.ones(3))},
        {"load_w": np.ones(3)},
    ],
)
def test_arrays_that_do_not_fit_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        plan(one_breaker(16.0, 1, **wrong))


# ---------------------------------------------------------------- batteries that fill up


def test_who_takes_less_towards_the_end_begins_before_who_does_not() -> None:
    """Room for one; both leave at the same time and could be full by then."""
    problem = one_breaker(32.0, 2, block_s=hours(4))
    steady, tapering = (replace(car, departure_s=4 * HOUR_S) for car in problem.cars)
    tapering = replace(tapering, taper=Taper(1.0, 11_500.0))
    result = planned(replace(problem, cars=(steady, tapering)))
    assert result.trajectory_a[1, 0] > result.trajectory_a[0, 0] + 10.0


@settings(max_examples=30, deadline=None)
@given(st.floats(0.1, 5.0), st.floats(500.0, 20_000.0), st.floats(8.0, 80.0))
def test_no_plan_counts_on_more_than_a_filling_battery_takes(
    time_h: float, left_wh: float, limit_a: float
) -> None:
    taper = Taper(time_h, left_wh)
    problem = one_breaker(limit_a, 3, block_s=growing_blocks(4 * HOUR_S))
    cars = tuple(replace(car, taper=taper) for car in problem.cars)
    result = planned(replace(problem, cars=cars))
    block_h = result.block_s / HOUR_S
    got_wh = result.trajectory_a * 230.0 * block_h
    before_wh = left_wh - (np.cumsum(got_wh, axis=1) - got_wh)
    most_wh = -np.expm1(-block_h / time_h) * before_wh
    assert (got_wh <= most_wh + 1e-3).all()
