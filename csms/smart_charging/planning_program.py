"""The linear program of a plan, as arrays.

Columns: current per car and block · energy per car and tier · sum of currents per group and block
· import and export per block · the quarter-hour peak. A group is all cars with the same
coefficients, and where power counts the same power per ampere: rows speak of groups, which keeps
the matrix small.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from csms.smart_charging.planning_blocks import QUARTER_S
from csms.smart_charging.planning_rows import Floats
from csms.smart_charging.planning_taper import Charges, taper_rows
from csms.smart_charging.planning_values import PlanProblem

Indices = npt.NDArray[np.int32]

_DOMINANCE = 10.0
"""How far a kWh that a car needs outweighs all that can be saved by withholding it."""
_TIE = 1e-4
_TIE_INERTIA = 1e-3
"""Parts of the highest price: they decide only where prices don't."""


@dataclass(frozen=True, slots=True)
class CarArrays:
    """The cars of a problem, one entry each."""

    column_class: Indices
    power_w_per_a: Floats
    max_a: Floats
    running: npt.NDArray[np.bool_]
    hours: Floats
    """Cars × blocks: how long the current of a block flows: as long as the block, 0 if away."""
    most_a: Floats
    """Cars × blocks: mean current over the block at most; less than `max_a` in part of it."""
    wanted_wh: Floats
    delivered_wh: Floats
    worth: Floats
    haste: Floats
    """How much waiting counts against it, 1 where the departure is known. A guess may be too
    late: of those the least served is put off last."""


@dataclass(frozen=True, slots=True)
class Program:
    """Minimise cost · x subject to row_lower <= A x <= row_upper, lower <= x <= upper.

    A is held by columns: `starts`, `indices`, `values`. The first columns are the currents of
    `pair_car` in `pair_block`.
    """

    cost: Floats
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    starts: Indices
    indices: Indices
    values: Floats
    pair_car: npt.NDArray[np.intp]
    pair_block: npt.NDArray[np.intp]


def car_arrays(problem: PlanProblem) -> CarArrays:
    """Departures and needs that nobody told are guessed here."""
    settings, cars = problem.settings, problem.cars
    edges = np.concatenate(([0.0], np.cumsum(problem.block_s)))
    arrival = np.array([car.arrival_s for car in cars])
    stay = np.maximum(arrival + settings.typical_stay_s, np.maximum(arrival, 0.0) + 3600.0)
    departure = np.array(
        [stay[i] if car.departure_s is None else car.departure_s for i, car in enumerate(cars)]
    )
    begin = np.maximum(arrival[:, None], edges[None, :-1])
    present_s = np.clip(np.minimum(departure[:, None], edges[None, 1:]) - begin, 0.0, None)
    hours = np.where(present_s > 0, problem.block_s, 0.0) / 3600.0
    # Later blocks are planned again before they come: there a mean will do.
    hours[:, 0] = present_s[:, 0] / 3600.0
    share = present_s / problem.block_s
    share[:, 0] = present_s[:, 0] > 0
    delivered = np.array([max(car.delivered_wh, 0.0) for car in cars])
    typical = settings.typical_energy_wh
    guess = np.maximum(typical - delivered, typical / 4)
    wanted = np.array(
        [guess[i] if car.energy_wh is None else car.energy_wh for i, car in enumerate(cars)]
    )
    sure = np.array([None not in (car.departure_s, car.energy_wh) for car in cars], dtype=bool)
    weight = np.array([car.weight for car in cars])
    columns = np.array([car.column for car in cars], dtype=np.int32)
    max_a = np.array([max(car.max_a, 0.0) for car in cars])
    return CarArrays(
        problem.rows.column_class[columns],
        np.array([car.power_w_per_a for car in cars]),
        max_a,
        np.array([car.running for car in cars], dtype=bool),
        hours,
        max_a[:, None] * share,
        np.maximum(wanted, 0.0),
        delivered,
        weight * np.where(sure, 1.0, settings.guess_worth),
        _haste(problem, delivered, wanted),
    )


def _haste(problem: PlanProblem, delivered_wh: Floats, wanted_wh: Floats) -> Floats:
    values = np.array(problem.settings.tier_values)
    served = delivered_wh / np.maximum(delivered_wh + wanted_wh, 1.0)
    worth = np.interp(served, (np.arange(values.size) + 0.5) / values.size, values) / values[0]
    guessed = np.array([car.departure_s is None for car in problem.cars], dtype=bool)
    return np.where(guessed, worth, 1.0)


def build_program(problem: PlanProblem) -> Program:
    """The whole program of a checked problem with at least one car."""
    builder = _Builder(problem)
    builder.add_cars()
    builder.add_groups()
    builder.add_rows()
    builder.add_grid()
    return builder.program()


class _Builder:
    """Collects columns, rows and entries, then sorts the entries by column."""

    def __init__(self, problem: PlanProblem) -> None:
        self.problem = problem
        self.cars = car_arrays(problem)
        self.hours = problem.block_s / 3600.0
        self.middle_h = np.cumsum(self.hours) - self.hours / 2
        can_charge = (self.cars.wanted_wh * self.cars.max_a * self.cars.power_w_per_a) > 0
        self.pair_car, self.pair_block = np.nonzero((self.cars.hours > 0) & can_charge[:, None])
        self._cost: list[Floats] = []
        self._upper: list[Floats] = []
        self._lower: list[Floats] = []
        self._row_lower: list[Floats] = []
        self._row_upper: list[Floats] = []
        self._entries: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Floats]] = []
        self.column_count = 0
        self.row_count = 0

    @cached_property
    def scale(self) -> float:
        """Worth of a kWh in the first of equal tiers, in the unit of the objective."""
        prices, demand = self.problem.prices, self.problem.demand
        if prices is None and demand is None:
            return 1.0
        charge = 0.0 if demand is None else demand.charge_per_kw * 3600.0 / QUARTER_S
        return _DOMINANCE * max(self.highest_price + charge, 1e-6)

    @cached_property
    def highest_price(self) -> float:
        prices = self.problem.prices
        if prices is None:
            return 0.0 if self.problem.demand is None else self.problem.demand.charge_per_kw / 100
        every = np.concatenate((prices.import_per_kwh, prices.earned_per_kwh))
        return float(np.abs(every).max())

    @property
    def _pair_hours(self) -> Floats:
        return np.asarray(self.cars.hours[self.pair_car, self.pair_block])

    @property
    def _only_energy(self) -> bool:
        return self.problem.prices is None and self.problem.demand is None

    def add_cars(self) -> None:
        """Currents and tiers; a car's tiers hold exactly what its currents bring."""
        cars, settings = self.cars, self.problem.settings
        front = settings.front_loading if self._only_energy else _TIE
        inertia = settings.inertia if self._only_energy else _TIE_INERTIA
        unit = 1.0 if self._only_energy else self.highest_price
        kwh_per_a = cars.power_w_per_a[self.pair_car] * self._pair_hours / 1000.0
        most_a = cars.most_a[self.pair_car, self.pair_block]
        now_running = (self.pair_block == 0) & cars.running[self.pair_car]
        later = self.middle_h / (self.middle_h + settings.front_loading_h)
        waits = cars.haste[self.pair_car] * later[self.pair_block]
        cost = front * waits - inertia * now_running
        currents = self._columns(kwh_per_a * cost * unit, most_a)

        tier_car, tier_kwh, tier_worth = self._tiers()
        tiers = self._columns(-tier_worth * self.scale, tier_kwh)
        served = np.unique(self.pair_car)
        rows = self._rows(np.zeros(served.size), np.zeros(served.size))
        row_of = np.zeros(cars.max_a.size, dtype=np.intp)
        row_of[served] = rows
        self._add(row_of[self.pair_car], currents, kwh_per_a)
        self._add(row_of[tier_car], tiers, np.full(tiers.size, -1.0))
        self._add_tapers(currents, Charges(self.pair_car, self._pair_hours, kwh_per_a, most_a))

    def _add_tapers(self, currents: npt.NDArray[np.intp], charges: Charges) -> None:
        cars = enumerate(self.problem.cars)
        tapers = {index: car.taper for index, car in cars if car.taper is not None}
        if not tapers:
            return
        taper = taper_rows(tapers, charges)
        rows = self._rows(np.full(taper.upper.size, -np.inf), taper.upper)
        self._add(rows[taper.row], currents[taper.charge], taper.value)

    def _tiers(self) -> tuple[npt.NDArray[np.intp], Floats, Floats]:
        """For each car that can charge: what is left of its tiers, and their worth."""
        values = np.array(self.problem.settings.tier_values)
        cars = self.cars
        request = cars.delivered_wh + cars.wanted_wh
        edges = request[:, None] * np.arange(values.size + 1) / values.size
        left = edges[:, 1:] - np.maximum(edges[:, :-1], cars.delivered_wh[:, None])
        charges = np.zeros(request.size, dtype=bool)
        charges[self.pair_car] = True
        car, tier = np.nonzero((left > 1e-6) & charges[:, None])
        return car, left[car, tier] / 1000.0, values[tier] * cars.worth[car]

    def add_groups(self) -> None:
        """One sum of currents per group and block in which somebody can charge."""
        cars = self.cars
        # Power per ampere matters to prices and peaks alone.
        power = np.zeros_like(cars.max_a) if self._only_energy else cars.power_w_per_a
        key = np.stack((cars.column_class.astype(np.float64), power))
        keys, group_of = np.unique(key, axis=1, return_inverse=True)
        self.group_class = keys[0].astype(np.intp)
        self.group_kw = keys[1] / 1000.0
        blocks = self.problem.block_count
        flat = group_of.ravel()[self.pair_car] * blocks + self.pair_block
        used, position = np.unique(flat, return_inverse=True)
        most_a = np.zeros(used.size)
        np.add.at(most_a, position, cars.most_a[self.pair_car, self.pair_block])
        self.sum_group, self.sum_block = np.divmod(used, blocks)
        self.sums = self._columns(self._linear_price(), most_a)
        rows = self._rows(np.zeros(used.size), np.zeros(used.size))
        pairs = np.arange(self.pair_car.size)
        self._add(rows[position], pairs, np.ones(pairs.size))
        self._add(rows, self.sums, np.full(used.size, -1.0))
        self.most_a = most_a

    def _linear_price(self) -> Floats:
        """Cost of an ampere of each sum in blocks whose price doesn't depend on how much."""
        prices = self.problem.prices
        if prices is None:
            return np.zeros(self.sum_block.size)
        per_kw = np.where(self._grid_blocks, 0.0, prices.import_per_kwh * self.hours)
        return np.asarray(per_kw[self.sum_block] * self.group_kw[self.sum_group])

    @cached_property
    def _surplus_kw(self) -> Floats:
        surplus = self.problem.pv_by_block() - self.problem.load_by_block()
        return np.maximum(surplus, 0.0) / 1000.0

    @cached_property
    def _grid_blocks(self) -> npt.NDArray[np.bool_]:
        """Blocks that need import and export of their own."""
        if self.problem.demand is not None:
            return np.ones(self.problem.block_count, dtype=bool)
        if self.problem.prices is None:
            return np.zeros(self.problem.block_count, dtype=bool)
        return self._surplus_kw > 0

    def add_rows(self) -> None:
        """The installation's lines, block by block; those that nobody can reach are left out."""
        rows, blocks = self.problem.rows, self.problem.block_count
        capacity = self.problem.capacity_by_block()[rows.facet_row] * rows.facet_share[:, None]
        lines = rows.facets[:, self.group_class]
        most = np.zeros((self.group_class.size, blocks))
        most[self.sum_group, self.sum_block] = self.most_a
        reach = np.maximum(lines, 0.0) @ most
        line, block = np.nonzero(reach > capacity)
        row_of = np.full((lines.shape[0], blocks), -1, dtype=np.intp)
        row_of[line, block] = self._rows(np.full(line.size, -np.inf), capacity[line, block])
        coefficient = lines[:, self.sum_group]
        at_row = row_of[:, self.sum_block]
        entry_line, entry_sum = np.nonzero((at_row >= 0) & (coefficient != 0.0))
        self._add(
            at_row[entry_line, entry_sum],
            self.sums[entry_sum],
            coefficient[entry_line, entry_sum],
        )

    def add_grid(self) -> None:
        """Import less export is other load less generation plus charging."""
        blocks = np.nonzero(self._grid_blocks)[0]
        if not blocks.size:
            return
        price, earned = np.zeros(self.hours.size), np.zeros(self.hours.size)
        if self.problem.prices is not None:
            price = self.problem.prices.import_per_kwh * self.hours
            earned = self.problem.prices.earned_per_kwh * self.hours
        imports = self._columns(price[blocks], np.full(blocks.size, np.inf))
        exports = self._columns(-earned[blocks], self._surplus_kw[blocks])
        net_kw = (self.problem.load_by_block() - self.problem.pv_by_block())[blocks] / 1000.0
        rows = self._rows(net_kw, net_kw)
        self._add(rows, imports, np.ones(blocks.size))
        self._add(rows, exports, np.full(blocks.size, -1.0))
        row_of = np.full(self.hours.size, -1, dtype=np.intp)
        row_of[blocks] = rows
        at_row = row_of[self.sum_block]
        here = at_row >= 0
        self._add(at_row[here], self.sums[here], -self.group_kw[self.sum_group[here]])
        self._add_peak(imports)

    def _add_peak(self, imports: npt.NDArray[np.intp]) -> None:
        """Every quarter hour's mean stays below the peak, which costs above the incurred one."""
        demand = self.problem.demand
        if demand is None:
            return
        quarters = demand.quarters(self.problem.block_s) / QUARTER_S
        used_kw = demand.used_wh(len(quarters)) / 1000.0 * 3600.0 / QUARTER_S
        base_kw = (self.problem.load_by_block() - self.problem.pv_by_block()) / 1000.0
        unavoidable_kw = float((quarters @ np.maximum(base_kw, 0.0) + used_kw).max())
        incurred_kw, most_kw = demand.incurred_w / 1000.0, np.inf
        if demand.cap_w is not None:
            most_kw = max(demand.cap_w / 1000.0, unavoidable_kw)
            incurred_kw = min(incurred_kw, most_kw)
        peak = self._columns(
            np.array([demand.charge_per_kw]), np.array([most_kw]), np.array([incurred_kw])
        )
        rows = self._rows(np.full(len(quarters), -np.inf), -used_kw)
        quarter, block = np.nonzero(quarters)
        self._add(rows[quarter], imports[block], quarters[quarter, block])
        self._add(rows, np.repeat(peak, rows.size), np.full(rows.size, -1.0))

    def program(self) -> Program:
        rows, columns, values = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        order = np.argsort(columns, kind="stable")
        counts = np.bincount(columns, minlength=self.column_count)
        return Program(
            cost=np.concatenate(self._cost),
            lower=np.concatenate(self._lower),
            upper=np.concatenate(self._upper),
            row_lower=np.concatenate(self._row_lower),
            row_upper=np.concatenate(self._row_upper),
            starts=np.concatenate(([0], np.cumsum(counts))).astype(np.int32),
            indices=rows[order].astype(np.int32),
            values=values[order],
            pair_car=self.pair_car,
            pair_block=self.pair_block,
        )

    def _columns(
        self, cost: Floats, upper: Floats, lower: Floats | None = None
    ) -> npt.NDArray[np.intp]:
        first = self.column_count
        self.column_count += cost.size
        self._cost.append(cost)
        self._upper.append(upper)
        self._lower.append(np.zeros(cost.size) if lower is None else lower)
        return np.arange(first, self.column_count)

    def _rows(self, lower: Floats, upper: Floats) -> npt.NDArray[np.intp]:
        first = self.row_count
        self.row_count += lower.size
        self._row_lower.append(lower)
        self._row_upper.append(upper)
        return np.arange(first, self.row_count)

    def _add(
        self, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], values: Floats
    ) -> None:
        self._entries.append((rows, columns, values))
