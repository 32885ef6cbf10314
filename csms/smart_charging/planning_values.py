"""What a plan is made from. Values only; times in seconds from the start of the first block."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from csms.smart_charging.grid import MIN_CURRENT_A
from csms.smart_charging.planning_blocks import QUARTER_S
from csms.smart_charging.planning_rows import Floats, PlanningRows
from csms.smart_charging.planning_taper import Taper
from csms.smart_charging.price_curve import PriceCurve


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCar:
    """A car that is plugged in, or will be at `arrival_s`."""

    column: int
    """Its column of the rows."""
    power_w_per_a: float
    """Volts × phases."""
    max_a: float
    min_a: float = MIN_CURRENT_A
    arrival_s: float = 0.0
    """Negative for a car that came earlier."""
    departure_s: float | None = None
    """None: nobody said; the site's typical stay is taken, with low confidence."""
    energy_wh: float | None = None
    """Still wanted. None: nobody said; what is typical here is taken, with low confidence."""
    delivered_wh: float = 0.0
    running: bool = False
    taper: Taper | None = None
    """How its charge ends; None: at full current."""
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandCharge:
    """A tariff on the highest quarter-hour mean of the import."""

    charge_per_kw: float
    """For each kW above the peak incurred, in the unit of the prices."""
    incurred_w: float = 0.0
    """The highest so far in this billing period, or the tariff's floor: free to use."""
    cap_w: float | None = None
    """Never above this as far as the chargers can help it."""
    quarter_elapsed_s: float = 0.0
    """How much of the current quarter hour is over when the plan starts."""
    quarter_energy_wh: float = 0.0
    """What was imported in that time."""

    def quarters(self, block_s: Floats) -> Floats:
        """Seconds of each block in each quarter hour: quarters × blocks, no row twice."""
        edges = np.concatenate(([0.0], np.cumsum(block_s)))
        starts = np.arange(-self.quarter_elapsed_s, edges[-1], QUARTER_S)[:, None]
        upper = np.minimum(starts + QUARTER_S, edges[None, 1:])
        overlap = np.clip(upper - np.maximum(starts, edges[None, :-1]), 0.0, None)
        whole = overlap[1:].max(axis=1, initial=0.0) > QUARTER_S - 1e-6
        block = overlap[1:].argmax(axis=1) if overlap.shape[0] > 1 else np.empty(0, dtype=int)
        again = whole & (np.diff(block, prepend=-1) == 0) & np.roll(whole, 1)
        return np.asarray(overlap[np.concatenate(([True], ~again))], dtype=np.float64)

    def used_wh(self, quarter_count: int) -> Floats:
        """What is already imported in each quarter hour: in the first alone."""
        used = np.zeros(quarter_count)
        used[0] = self.quarter_energy_wh
        return used

    def peak_w(self, block_s: Floats, import_w: Floats) -> float:
        """The highest quarter-hour mean with this import, at least the one incurred."""
        quarters = self.quarters(block_s)
        energy_ws = quarters @ np.maximum(import_w, 0.0) + 3600.0 * self.used_wh(len(quarters))
        return max(self.incurred_w, float(energy_ws.max()) / QUARTER_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    """What a site may tune."""

    tier_values: tuple[float, ...] = (3.0, 2.7, 2.4, 2.1, 1.9, 1.7, 1.5, 1.3, 1.15, 1.0)
    """Worth of a kWh in each equal step of the car's request: the first ones are worth most."""
    front_loading: float = 0.5
    front_loading_h: float = 5.0
    """A kWh t hours later is worth front_loading · t / (t + front_loading_h) less: who knows who
    comes. Less than the last tier, so that it never keeps a car from charging at all."""
    inertia: float = 0.05
    """How much more a kWh is worth right now to a car that is charging."""
    guess_worth: float = 0.7
    """Worth of a kWh if departure or energy is a guess."""
    typical_stay_s: float = 8 * 3600.0
    typical_energy_wh: float = 15_000.0
    time_limit_s: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanProblem:
    """All that a plan depends on.

    `capacity` is what the rows leave for charging, rows or blocks × rows, other load taken off;
    below 0 counts as 0. `load_w` and `pv_w` are the whole site's other load and generation, one
    value or one per block; they matter to prices and peaks alone.
    """

    rows: PlanningRows
    capacity: Floats
    block_s: Floats
    cars: tuple[PlannedCar, ...]
    prices: PriceCurve | None = None
    demand: DemandCharge | None = None
    load_w: Floats | float = 0.0
    pv_w: Floats | float = 0.0
    settings: PlanSettings = field(default_factory=PlanSettings)

    @property
    def block_count(self) -> int:
        return int(self.block_s.size)

    def capacity_by_block(self) -> Floats:
        """Rows × blocks, never below 0."""
        capacity = np.maximum(self.capacity, 0.0)
        if capacity.ndim == 1:
            return np.repeat(capacity[:, None], self.block_count, axis=1)
        return np.ascontiguousarray(capacity.T)

    def load_by_block(self) -> Floats:
        return np.broadcast_to(np.asarray(self.load_w, dtype=np.float64), self.block_s.shape)

    def pv_by_block(self) -> Floats:
        return np.broadcast_to(np.asarray(self.pv_w, dtype=np.float64), self.block_s.shape)

    def check(self) -> None:
        """Raises ValueError if shapes or values can't be."""
        blocks = self.block_count
        if not blocks or not (self.block_s > 0).all():
            raise ValueError("a plan needs blocks of more than 0 s")
        rows = self.rows.row_count
        if self.capacity.shape not in ((rows,), (blocks, rows)):
            raise ValueError(f"capacity must be {rows} rows, or {blocks} blocks × {rows} rows")
        if np.isnan(self.capacity).any():
            raise ValueError("capacity must be numbers, inf for no limit")
        columns = self.rows.column_class.size
        if any(not 0 <= car.column < columns for car in self.cars):
            raise ValueError(f"cars need columns from 0 to {columns - 1}")
        if self.prices is not None and self.prices.import_per_kwh.shape != (blocks,):
            raise ValueError(f"prices must be {blocks} blocks")
