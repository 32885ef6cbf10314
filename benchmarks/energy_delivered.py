"""How much of what cars ask for a crowded garage delivers, by different ways to share.

An own garage: 28 three-phase and 12 single-phase EVSEs on four circuits of 63 A behind one main
breaker; a day of cars drawn from a seed. Cars are real ones: whole amperes from 6 A up, batteries
that taper off at the end, every fourth car takes no more than 3.3 kW and nobody knows which.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

import numpy as np
from rich.console import Console
from rich.table import Table

from csms.smart_charging.plan import PlannedCar, PlanProblem, PlanSettings, plan
from csms.smart_charging.planning_rows import Floats, planning_rows
from csms.smart_charging.scheduler import Scheduler, SchedulerSettings, Session

PERIOD: Final = timedelta(minutes=5)
PERIOD_H: Final = 1 / 12
PERIODS: Final = 288
DAY: Final = datetime(2025, 3, 3, tzinfo=UTC)
VOLTS: Final = 230.0
CIRCUIT_A: Final = 63.0
MAIN_A: Final = (60.0, 100.0, 140.0)
MIN_A: Final = 6.0
SLOW_W: Final = 3300.0
TAPER_FROM: Final = 0.8


@dataclass(slots=True)
class Garage:
    """Rows × EVSEs, with their limits."""

    rows: Floats
    limits_a: Floats
    power_w_per_a: Floats
    max_a: Floats


@dataclass(slots=True)
class Car:
    """A car's day at one EVSE; periods are counted from midnight."""

    evse: int
    arrives: int
    leaves: int
    wants_wh: float
    battery_wh: float
    takes_w: float
    got_wh: float = 0.0
    drew_a: float | None = None
    starts: int = 0
    charges: bool = False

    def is_here(self, period: int) -> bool:
        return self.arrives <= period < self.leaves

    def charge(self, granted_a: float, power_w_per_a: float) -> None:
        """Draw for one period; beyond 80 % of the battery less and less."""
        begins = granted_a > 0 and not self.charges
        self.starts += begins
        self.charges = granted_a > 0
        pieces, drawn_wh = 10, 0.0
        for _ in range(pieces):
            left_wh = self.wants_wh - self.got_wh
            charge_state = 1.0 - left_wh / self.battery_wh
            taper = min(1.0, (1.0 - charge_state) / (1.0 - TAPER_FROM))
            power_w = min(granted_a * power_w_per_a, self.takes_w * taper)
            piece_wh = min(power_w * PERIOD_H / pieces, left_wh)
            self.got_wh += piece_wh
            drawn_wh += piece_wh
        self.drew_a = drawn_wh / PERIOD_H / power_w_per_a


Way: TypeAlias = Callable[[int, Sequence[Car]], Floats]
"""Amperes per EVSE in a period for the cars that are here and not full."""


@dataclass(slots=True)
class Outcome:
    name: str
    cars: Sequence[Car]
    violations: int = 0
    cpu_ms: list[float] = field(default_factory=list)

    @property
    def delivered(self) -> float:
        return sum(car.got_wh for car in self.cars) / sum(car.wants_wh for car in self.cars)

    @property
    def shares(self) -> Floats:
        return np.array([car.got_wh / car.wants_wh for car in self.cars])

    @property
    def jain(self) -> float:
        return float(self.shares.sum() ** 2 / (self.shares**2).sum() / self.shares.size)

    @property
    def starts_per_car(self) -> float:
        return sum(car.starts for car in self.cars) / len(self.cars)


def garage(main_a: float) -> Garage:
    """EVSEs take turns on the circuits, single-phase ones on the phases too."""
    count, three_phase = 40, 28
    rows = np.zeros((15, count))
    for evse in range(count):
        phases = range(3) if evse < three_phase else (evse % 3,)
        for phase in phases:
            rows[3 * (evse % 4) + phase, evse] = 1.0
            rows[12 + phase, evse] = 1.0
    is_three_phase = np.arange(count) < three_phase
    return Garage(
        rows,
        np.concatenate((np.full(12, CIRCUIT_A), np.full(3, main_a))),
        np.where(is_three_phase, 3 * VOLTS, VOLTS),
        np.where(is_three_phase, 16.0, 32.0),
    )


def cars_of_a_day(site: Garage, seed: int) -> list[Car]:
    """One or two cars an EVSE, most there for the working day."""
    rng = np.random.default_rng(seed)
    cars: list[Car] = []
    for evse in range(site.max_a.size):
        arrives_h = float(np.clip(rng.normal(9.0, 1.5), 5.0, 14.0))
        leaves_h = min(arrives_h + float(np.clip(rng.normal(8.0, 2.2), 1.0, 14.0)), 23.5)
        cars.append(_car(site, rng, evse, arrives_h, leaves_h))
        if rng.random() < 0.4:
            arrives_h = leaves_h + float(rng.uniform(0.3, 2.5))
            leaves_h = min(arrives_h + float(np.clip(rng.normal(4.0, 2.0), 1.0, 10.0)), 23.9)
            if leaves_h - arrives_h > 1.0:
                cars.append(_car(site, rng, evse, arrives_h, leaves_h))
    return cars


def _car(
    site: Garage, rng: np.random.Generator, evse: int, arrives_h: float, leaves_h: float
) -> Car:
    full_w = float(site.max_a[evse] * site.power_w_per_a[evse])
    takes_w = min(full_w, SLOW_W) if rng.random() < 0.25 else full_w
    possible_wh = 0.9 * takes_w * (leaves_h - arrives_h)
    wants_wh = min(float(rng.lognormal(np.log(30_000.0), 0.55)), possible_wh, 70_000.0)
    battery_wh = wants_wh / float(rng.uniform(0.3, 0.9))
    return Car(evse, int(arrives_h * 12), int(leaves_h * 12), wants_wh, battery_wh, takes_w)


def uncontrolled(site: Garage) -> Way:
    def share(_: int, cars: Sequence[Car]) -> Floats:
        amps = np.zeros(site.max_a.size)
        for car in cars:
            amps[car.evse] = site.max_a[car.evse]
        return amps

    return share


def round_robin(site: Garage) -> Way:
    """One step for each car in turn as long as every row holds."""

    def share(_: int, cars: Sequence[Car]) -> Floats:
        amps = np.zeros(site.max_a.size)
        waiting = list(cars)
        while waiting:
            car = waiting.pop(0)
            step_a = MIN_A if amps[car.evse] == 0 else 1.0
            amps[car.evse] += step_a
            most_a = (car.wants_wh - car.got_wh) / site.power_w_per_a[car.evse] / PERIOD_H
            fits = (site.rows @ amps <= site.limits_a + 1e-9).all()
            if fits and amps[car.evse] <= min(site.max_a[car.evse], most_a):
                waiting.append(car)
            else:
                amps[car.evse] -= step_a
        return amps

    return share


def scheduled(site: Garage, settings: SchedulerSettings) -> Way:
    scheduler = Scheduler(site.rows, site.limits_a, site.power_w_per_a, settings)

    def share(period: int, cars: Sequence[Car]) -> Floats:
        sessions = [
            Session(
                evse=car.evse,
                arrived_at=DAY + car.arrives * PERIOD,
                departs_at=DAY + car.leaves * PERIOD,
                energy_wh=car.wants_wh,
                delivered_wh=car.got_wh,
                max_a=float(site.max_a[car.evse]),
                measured_a=car.drew_a,
            )
            for car in cars
        ]
        return scheduler.schedule(sessions, DAY + period * PERIOD)

    return share


def run_day(name: str, site: Garage, cars: Sequence[Car], way: Way) -> Outcome:
    outcome = Outcome(name, cars)
    for period in range(PERIODS):
        present = [car for car in cars if car.is_here(period) and car.wants_wh - car.got_wh > 1.0]
        if not present:
            continue
        begun = time.thread_time()
        amps = way(period, present)
        outcome.cpu_ms.append((time.thread_time() - begun) * 1000.0)
        outcome.violations += bool((site.rows @ amps > site.limits_a + 1e-6).any())
        for car in present:
            car.charge(float(amps[car.evse]), float(site.power_w_per_a[car.evse]))
    return outcome


def best_possible(site: Garage, cars: Sequence[Car]) -> float:
    """Share delivered by who knows the whole day, any current and batteries without taper."""
    known = tuple(
        PlannedCar(
            column=car.evse,
            power_w_per_a=float(site.power_w_per_a[car.evse]),
            max_a=car.takes_w / float(site.power_w_per_a[car.evse]),
            arrival_s=car.arrives * 300.0,
            departure_s=car.leaves * 300.0,
            energy_wh=car.wants_wh,
        )
        for car in cars
    )
    result = plan(
        PlanProblem(
            rows=planning_rows(site.rows),
            capacity=site.limits_a,
            block_s=np.full(96, 900.0),
            cars=known,
            settings=PlanSettings(
                tier_values=(1.0,), front_loading=0.0, inertia=0.0, time_limit_s=60.0
            ),
        )
    )
    if result is None:
        raise RuntimeError("the bound wasn't found within a minute")
    return float(result.energy_wh.sum() / sum(car.wants_wh for car in cars))


def compare(console: Console, seed: int = 1) -> list[Outcome]:
    """Print a table; the same seed is the same day."""
    table = Table(title=f"Energy delivered in a garage of 40 EVSEs, day {seed}")
    for heading in (
        "main breaker", "sharing", "of the energy", "of the best", "least served", "Jain",
        "starts/car", "violations", "CPU ms p50 / p99",
    ):  # fmt: skip
        table.add_column(heading, justify="right")
    outcomes: list[Outcome] = []
    for main_a in MAIN_A:
        site = garage(main_a)
        best = best_possible(site, cars_of_a_day(site, seed))
        ways = {
            "uncontrolled": uncontrolled(site),
            "round robin": round_robin(site),
            "fair allocation": scheduled(site, SchedulerSettings(plan=None)),
            "with the plan": scheduled(site, SchedulerSettings()),
        }
        for name, way in ways.items():
            outcome = run_day(name, site, cars_of_a_day(site, seed), way)
            outcomes.append(outcome)
            p50, p99 = np.percentile(outcome.cpu_ms, [50, 99])
            table.add_row(
                f"{main_a:g} A",
                name,
                f"{outcome.delivered:.1%}",
                f"{outcome.delivered / best:.1%}",
                f"{outcome.shares.min():.0%}",
                f"{outcome.jain:.2f}",
                f"{outcome.starts_per_car:.1f}",
                f"{outcome.violations}",
                f"{p50:.1f} / {p99:.1f}",
            )
        table.add_section()
    console.print(table)
    return outcomes
