"""From a steered site to a planning problem, and from its plan to bounds for the fair shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Final

import numpy as np

from csms.smart_charging.circuit_watch import CircuitWatch
from csms.smart_charging.forecast import PanelGroup, Place, forecast_w
from csms.smart_charging.grid import EvseKey, Phase
from csms.smart_charging.modes import watts_per_amp
from csms.smart_charging.plan import DemandCharge, Plan, PlannedCar, PlanProblem, plan
from csms.smart_charging.planning_blocks import Steps, clock_blocks
from csms.smart_charging.planning_rows import Floats
from csms.smart_charging.planning_site import site_rows
from csms.smart_charging.price_curve import Goal, PriceCurve, cost_curve, emission_curve
from csms.smart_charging.steered_evse import SteeredEvse
from csms.smart_charging.topology import Topology
from csms.smart_charging.wanting import PlanBounds, most_a
from csms.smart_charging.wishes import ChargingNeed

LEAST_HORIZON_S: Final = 4 * 3600.0
LONGEST_HORIZON_S: Final = 36 * 3600.0
USUAL_HORIZON_S: Final = 12 * 3600.0
KEPT: Final = timedelta(minutes=12)
"""How long a plan is followed when no newer one comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePoint:
    """From `starts_at` on: what a kWh costs and earns, in the site's currency or g of CO2."""

    starts_at: datetime
    price: float
    export_price: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """What is known of the hours to come."""

    prices: Sequence[PricePoint] = ()
    """In the order of time."""
    goal: Goal = Goal.COST
    """What the prices are of: money or emissions."""
    place: Place | None = None
    panels: Sequence[PanelGroup] = ()


@dataclass(frozen=True, slots=True)
class Planning:
    """A problem and who its cars are."""

    problem: PlanProblem
    keys: tuple[EvseKey, ...]
    is_sure: tuple[bool, ...]
    """Whether departure and energy were told; a guess never holds a car back."""
    until: datetime

    def solve(self) -> dict[EvseKey, PlanBounds] | None:
        """Plan; None if that can't be done in time: the fair shares rule alone."""
        found = plan(self.problem)
        return None if found is None else self._bounds(found)

    def _bounds(self, found: Plan) -> dict[EvseKey, PlanBounds]:
        bounds: dict[EvseKey, PlanBounds] = {}
        for car, (key, is_sure) in enumerate(zip(self.keys, self.is_sure, strict=True)):
            ceiling_a = None
            if is_sure and found.ceiling_a is not None:
                ceiling_a = float(found.ceiling_a[car])
            bounds[key] = PlanBounds(float(found.target_a[car]), ceiling_a)
        return bounds


class LookAhead:
    """The site's rows, prepared once for all plans."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._site = topology.site
        self._rows = site_rows(topology).planning

    def planning(
        self,
        evses: Sequence[SteeredEvse],
        circuits: CircuitWatch,
        delivered_wh: Mapping[int, float],
        expected: Expectations,
        now: datetime,
    ) -> Planning | None:
        """Return what there is to plan, None if nothing of the future is known.

        `delivered_wh` is by our transaction id.
        """
        running = [s for s in evses if s.transaction is not None and s.is_steerable]
        told = any(_is_told(s.need) for s in running)
        if not running or not (told or expected.prices or self._site.demand_cap_w):
            return None
        block_s = clock_blocks(now, _horizon_s(running, now))
        cars = tuple(self._car(s, delivered_wh, now) for s in running)
        problem = PlanProblem(
            rows=self._rows,
            capacity=self._capacity(circuits, block_s, now),
            block_s=block_s,
            cars=cars,
            prices=_prices(expected, block_s, now),
            demand=self._demand(),
            load_w=self._load_w(circuits),
            pv_w=self._pv_w(expected, block_s, now),
        )
        return Planning(
            problem,
            tuple(s.key for s in running),
            tuple(s.need.departure_at is not None for s in running),
            now + KEPT,
        )

    def _capacity(self, circuits: CircuitWatch, block_s: Floats, now: datetime) -> Floats:
        """Blocks × rows: the limits that are known to come, and today's other load."""
        starts = [0.0, *accumulate(block_s[:-1])]
        volts = self._site.voltage_v
        amps = np.zeros((block_s.size, len(self._site.circuits), len(Phase)))
        watts = np.zeros((block_s.size, len(self._site.circuits)))
        for block, start_s in enumerate(starts):
            moment = now + timedelta(seconds=start_s)
            for row, circuit in enumerate(self._site.circuits):
                limit = circuits.limit_at(circuit, moment)
                load = circuits.now[circuit.id].load.likely_a
                amps[block, row] = limit.limit_a.minus(load)
                watts[block, row] = sum(limit.limit_a) * volts
                if limit.max_power_w is not None:
                    watts[block, row] = limit.max_power_w - sum(load) * volts
        return np.concatenate((amps.reshape(block_s.size, -1), watts), axis=1)

    def _car(
        self, steered: SteeredEvse, delivered_wh: Mapping[int, float], now: datetime
    ) -> PlannedCar:
        need, transaction = steered.need, steered.transaction
        delivered = delivered_wh.get(transaction.id, 0.0) if transaction is not None else 0.0
        energy_wh = None if need.energy_wh is None else max(0.0, need.energy_wh - delivered)
        departure_s = None
        if need.departure_at is not None:
            departure_s = max(60.0, (need.departure_at - now).total_seconds())
        return PlannedCar(
            column=self._topology.index[steered.key],
            power_w_per_a=watts_per_amp(steered.evse, self._site, len(steered.draws_on(now))),
            max_a=most_a(steered, now),
            min_a=steered.evse.min_a,
            departure_s=departure_s,
            energy_wh=energy_wh,
            delivered_wh=delivered,
            running=steered.target_a > 0,
            weight=steered.evse.weight,
        )

    def _demand(self) -> DemandCharge | None:
        cap_w = self._site.demand_cap_w
        return None if cap_w is None else DemandCharge(charge_per_kw=0.0, cap_w=cap_w)

    def _load_w(self, circuits: CircuitWatch) -> float:
        return sum(circuits.now[self._site.root.id].load.likely_a) * self._site.voltage_v

    def _pv_w(self, expected: Expectations, block_s: Floats, now: datetime) -> Floats | float:
        if expected.place is None or not expected.panels or not expected.prices:
            return 0.0
        return forecast_w(expected.place, expected.panels, now, block_s)


def _is_told(need: ChargingNeed) -> bool:
    return need.departure_at is not None or need.energy_wh is not None


def _horizon_s(running: Sequence[SteeredEvse], now: datetime) -> float:
    departures = [s.need.departure_at for s in running if s.need.departure_at is not None]
    latest_s = max(((at - now).total_seconds() for at in departures), default=USUAL_HORIZON_S)
    return min(LONGEST_HORIZON_S, max(LEAST_HORIZON_S, latest_s))


def _prices(expected: Expectations, block_s: Floats, now: datetime) -> PriceCurve | None:
    points = expected.prices
    if not points:
        return None
    starts = tuple(point.starts_at for point in points)
    bought = Steps(starts, tuple(point.price for point in points))
    if expected.goal is Goal.EMISSIONS:
        return emission_curve(bought.means(now, block_s))
    sold = Steps(starts, tuple(point.export_price for point in points))
    return cost_curve(bought.means(now, block_s), sold.means(now, block_s))
