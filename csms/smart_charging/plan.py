"""The look ahead: who should charge when, so that everybody leaves with enough, cheaply.

A linear program over blocks of time that grow, solved by HiGHS within a time limit. Its result
bounds the fair allocation and never loosens it: `target_a` is what a car is filled to first, and
where a price or a peak is kept low, `ceiling_a` is what it stays below for now. No plan (None)
leaves the fair allocation to rule alone.

Values in, values out; all times are seconds from the start of the first block.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from csms.smart_charging.planning_program import Program, build_program, car_arrays
from csms.smart_charging.planning_rows import Floats, PlanningRows
from csms.smart_charging.planning_solver import solve
from csms.smart_charging.planning_values import (
    DemandCharge,
    PlannedCar,
    PlanProblem,
    PlanSettings,
)

__all__ = [
    "DemandCharge",
    "Plan",
    "PlanProblem",
    "PlanSettings",
    "PlannedCar",
    "plan",
]

_TIGHT: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Plan:
    """What every car should draw; arrays in the order of the problem's cars.

    `trajectory_a` is cars × blocks, the bare solution: within every row, not yet raised to the
    minimum current. `target_a` is for now: 0 or at least the minimum. `ceiling_a` is None where
    only energy counts.
    """

    target_a: Floats
    ceiling_a: Floats | None
    trajectory_a: Floats
    energy_wh: Floats
    """What each car gets within the horizon."""
    import_w: Floats
    """From the grid per block; negative is export."""
    cost: float | None
    """Import less export over the horizon, chargers and other load, in the curve's unit."""
    peak_w: float | None
    """Highest quarter-hour mean, at least the one incurred; None without a demand charge."""
    status: str
    block_s: Floats = field(repr=False)


def plan(problem: PlanProblem) -> Plan | None:
    """The best use of the capacity over the horizon; None if the solver can't tell in time.

    Raises ValueError if the problem's arrays don't fit each other.
    """
    problem.check()
    if not problem.cars:
        return _result(problem, np.zeros((0, problem.block_count)), "empty")
    program = build_program(problem)
    if not program.pair_car.size:
        return _result(problem, np.zeros((len(problem.cars), problem.block_count)), "empty")
    solution = solve(program, problem.settings.time_limit_s)
    if solution is None:
        return None
    trajectory = _trajectory(problem, program, solution.values)
    return _result(problem, trajectory, solution.status)


def waits_or_charges(amps: Floats, min_a: Floats) -> Floats:
    """Half the minimum and more is rounded up to it, less waits for this turn."""
    return np.where(amps < min_a / 2, 0.0, np.maximum(amps, min_a))


def _trajectory(problem: PlanProblem, program: Program, values: Floats) -> Floats:
    """The solution as cars × blocks, without the solver's tolerance above any row."""
    trajectory = np.zeros((len(problem.cars), problem.block_count))
    bound = program.upper[: program.pair_car.size]
    pairs = np.clip(values[: program.pair_car.size], 0.0, bound)
    trajectory[program.pair_car, program.pair_block] = pairs
    full = _fullness(problem.rows, problem, trajectory)
    return trajectory / np.maximum(1.0, full)


def _fullness(rows: PlanningRows, problem: PlanProblem, trajectory: Floats) -> Floats:
    """How far over its tightest row each block is, 1 at the limit."""
    columns = np.zeros((rows.column_class.size, problem.block_count))
    np.add.at(columns, np.array([car.column for car in problem.cars]), trajectory)
    used = rows.usage(columns)
    capacity = problem.capacity_by_block()[rows.facet_row]
    over = used - capacity > _TIGHT * np.maximum(1.0, capacity)
    ratio = np.where(over, used / np.maximum(capacity, 1e-300), 0.0)
    return np.asarray(ratio.max(axis=0, initial=0.0), dtype=np.float64)


def _result(problem: PlanProblem, trajectory: Floats, status: str) -> Plan:
    cars = car_arrays(problem)
    hours = problem.block_s / 3600.0
    charging_w = cars.power_w_per_a @ trajectory if problem.cars else np.zeros(hours.size)
    import_w = problem.load_by_block() - problem.pv_by_block() + charging_w
    min_a = np.array([car.min_a for car in problem.cars])
    target = waits_or_charges(trajectory[:, 0], min_a)
    held_down = problem.prices is not None or problem.demand is not None
    return Plan(
        target_a=target,
        ceiling_a=target.copy() if held_down else None,
        trajectory_a=trajectory,
        energy_wh=(trajectory * cars.hours).sum(axis=1) * cars.power_w_per_a,
        import_w=import_w,
        cost=_cost(problem, import_w, hours),
        peak_w=problem.demand.peak_w(problem.block_s, import_w) if problem.demand else None,
        status=status,
        block_s=problem.block_s,
    )


def _cost(problem: PlanProblem, import_w: Floats, hours: Floats) -> float | None:
    if problem.prices is None:
        return None
    price = np.where(import_w > 0, problem.prices.import_per_kwh, problem.prices.earned_per_kwh)
    return float((import_w / 1000.0 * hours * price).sum())
