"""Plan and fair allocation behind one door, for tools that know a network only in plain values.

    scheduler = Scheduler(rows, limits_a, power_w_per_a)
    amps = scheduler.schedule(sessions, now)

Rows × EVSEs, real or complex (phasors): |row · amperes| stays below its limit, whatever part of
the amperes is drawn. The scheduler remembers between calls who runs and how much of its grant a
car was seen to use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

import numpy as np
import numpy.typing as npt

from csms.smart_charging.balanced_turns import balanced_order
from csms.smart_charging.demands import Capacity
from csms.smart_charging.grid import MIN_CURRENT_A, Site
from csms.smart_charging.matrix import allocate_matrix
from csms.smart_charging.own_limit import OwnLimit
from csms.smart_charging.plan import Plan, plan
from csms.smart_charging.planned_sharing import Bools, Claims, share_by_plan
from csms.smart_charging.planning_blocks import growing_blocks
from csms.smart_charging.planning_rows import Coefficients, Floats, planning_rows
from csms.smart_charging.planning_site import site_rows
from csms.smart_charging.planning_taper import Taper
from csms.smart_charging.planning_values import PlannedCar, PlanProblem, PlanSettings
from csms.smart_charging.topology import Topology

_EARLY: Final = PlanSettings(typical_stay_s=4 * 3600.0)
"""Where energy alone counts, an early guess is fair: who is put off may leave with nothing."""
_HAIR_A: Final = 1e-5
FULL_WH: Final = 1.0
"""Who lacks less of what he asked for has got it."""
_NEEDS: Final = 5
"""Classes of need without a plan: steps of 20 % of what a car asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A car that is plugged in, as the scheduler's user sees it."""

    evse: int
    """Its column of the rows."""
    arrived_at: datetime
    departs_at: datetime | None = None
    """None: nobody said; the plan takes a rather short stay."""
    energy_wh: float | None = None
    """Requested in all, with what it has got; None: nobody said."""
    delivered_wh: float = 0.0
    """Since it arrived."""
    max_a: float = 32.0
    min_a: float = MIN_CURRENT_A
    step_a: float = 1.0
    """Grants are whole steps; 8 with 8 A at least is 0, 8, 16, 24 or 32 A."""
    measured_a: float | None = None
    """What it drew since the last call, on average; None: no reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerSettings:
    plan: PlanSettings | None = _EARLY
    """None: the fair allocation alone."""
    period_s: float = 300.0
    """How long until the next call: nobody gets more than fills him in that time."""
    turn_s: float = 3600.0
    """Without a plan: who was started keeps his place that long, then the least served go first."""
    planned_turn_s: float = 900.0
    """With a plan: who was started keeps his place that long, whatever the plan says."""
    typical_energy_wh: float = 15_000.0
    """What a car wants of which nobody said it."""
    taper_share: float = 0.2
    """What part of its request a car is thought to take at less and less current, until seen."""
    reuse_headroom: bool = True
    """Lower who doesn't draw what it may."""
    continuous: bool = False
    """Exact shares instead of whole steps."""


@dataclass(slots=True)
class _Car:
    """What is remembered of one session."""

    own: OwnLimit
    granted_a: float = 0.0
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Per EVSE, 0 or False where nobody is."""

    present: Bools
    running: Bools
    min_a: Floats
    max_a: Floats
    step_a: Floats


class Scheduler:
    """One site. Not for several threads at once."""

    def __init__(
        self,
        rows: npt.ArrayLike,
        limits_a: npt.ArrayLike,
        power_w_per_a: npt.ArrayLike,
        settings: SchedulerSettings | None = None,
    ) -> None:
        """`power_w_per_a` is volts × phases, of each EVSE or of all.

        `limits_a` may be set anew between calls. Raises ValueError for wrong shapes.
        """
        self._rows = _coefficients(rows)
        row_count, size = self._rows.shape
        self.limits_a = np.atleast_1d(np.array(limits_a, dtype=np.float64))
        if self.limits_a.shape != (row_count,):
            raise ValueError(f"limits must be {row_count} values, one for each row")
        power = np.asarray(power_w_per_a, dtype=np.float64)
        if power.shape not in ((), (size,)):
            raise ValueError(f"power per ampere must be {size} values, one for each EVSE, or one")
        self._power_w_per_a = np.broadcast_to(power, (size,)).copy()
        self._planning_rows = planning_rows(self._rows)
        self.last_plan: Plan | None = None
        """Its cars are the sessions that still want energy, in their order."""
        self._settings = settings or SchedulerSettings()
        self._cars: dict[tuple[int, datetime], _Car] = {}

    @classmethod
    def for_site(cls, site: Site, settings: SchedulerSettings | None = None) -> Scheduler:
        """For an installation without other load; EVSEs are numbered in the site's order.

        Raises ValueError where the site can't be an installation.
        """
        topology = Topology.prepare(site)
        rows = site_rows(topology)
        limits_a = rows.capacity(Capacity.of(site, topology))
        return cls(rows.coefficients, limits_a, rows.power_w_per_a, settings)

    def schedule(self, sessions: Sequence[Session], now: datetime) -> Floats:
        """Amperes per EVSE from now on, 0 where nobody is, who waits or who has got its energy.

        A session is known again by its EVSE and arrival. Raises ValueError for two at one EVSE,
        or for an EVSE that there is not.
        """
        self._check(sessions)
        sessions = [session for session in sessions if _is_wanting(session)]
        self._remember(sessions)
        bounds = self._bounds(sessions)
        self.last_plan = self._plan(sessions, bounds, now)
        amps = self._share(sessions, bounds, now)
        for session in sessions:
            car = self._car(session)
            granted = float(amps[session.evse])
            if granted > 0 and car.granted_a == 0:
                car.started_at = now
            car.granted_a = granted
        return amps

    def _check(self, sessions: Sequence[Session]) -> None:
        evses = {session.evse for session in sessions}
        if len(evses) < len(sessions):
            raise ValueError("an EVSE has one session at a time")
        size = self._power_w_per_a.size
        if evses and not 0 <= min(evses) <= max(evses) < size:
            raise ValueError(f"EVSEs are numbered from 0 to {size - 1}")

    def _car(self, session: Session) -> _Car:
        return self._cars[session.evse, session.arrived_at]

    def _remember(self, sessions: Sequence[Session]) -> None:
        """Forget who left, and take the readings of who is here."""
        known, self._cars = self._cars, {}
        for session in sessions:
            key = session.evse, session.arrived_at
            car = known.get(key) or _Car(OwnLimit(session.min_a, session.step_a))
            self._cars[key] = car
            if car.granted_a == 0:
                car.own.paused()
            elif session.measured_a is None:
                car.own.reset()
            else:
                car.own.measured(session.measured_a, car.granted_a, session.delivered_wh)

    def _bounds(self, sessions: Sequence[Session]) -> _Bounds:
        size = self._power_w_per_a.size
        bounds = _Bounds(
            np.zeros(size, np.bool_),
            np.zeros(size, np.bool_),
            np.zeros(size),
            np.zeros(size),
            np.ones(size),
        )
        for session in sessions:
            evse, car = session.evse, self._car(session)
            bounds.present[evse] = True
            bounds.running[evse] = car.granted_a > 0
            bounds.min_a[evse] = session.min_a
            bounds.step_a[evse] = session.step_a
            bounds.max_a[evse] = self._most_a(session, car)
        return bounds

    def _most_a(self, session: Session, car: _Car) -> float:
        most = session.max_a
        ceiling = car.own.ceiling_a if self._settings.reuse_headroom else None
        if ceiling is not None:
            most = min(most, ceiling)
        if session.energy_wh is not None:
            left_wh = max(session.energy_wh - session.delivered_wh, 0.0)
            hours = self._settings.period_s / 3600.0
            fills = left_wh / self._power_w_per_a[session.evse] / hours
            if not self._settings.continuous:
                fills = np.ceil(fills / session.step_a - 1e-9) * session.step_a
            most = min(most, max(fills, session.min_a))
        return float(min(max(most, session.min_a), session.max_a))

    def _plan(self, sessions: Sequence[Session], bounds: _Bounds, now: datetime) -> Plan | None:
        settings = self._settings.plan
        if settings is None or not sessions:
            return None
        cars = tuple(self._planned_car(session, bounds, now) for session in sessions)
        horizon_s = max(
            settings.typical_stay_s if car.departure_s is None else car.departure_s for car in cars
        )
        return plan(
            PlanProblem(
                rows=self._planning_rows,
                capacity=self.limits_a,
                block_s=growing_blocks(max(horizon_s, self._settings.period_s)),
                cars=cars,
                settings=settings,
            )
        )

    def _planned_car(self, session: Session, bounds: _Bounds, now: datetime) -> PlannedCar:
        leaves, wanted = session.departs_at, session.energy_wh
        return PlannedCar(
            column=session.evse,
            power_w_per_a=float(self._power_w_per_a[session.evse]) * self._use(session),
            max_a=float(bounds.max_a[session.evse]),
            min_a=session.min_a,
            arrival_s=(session.arrived_at - now).total_seconds(),
            departure_s=None if leaves is None else (leaves - now).total_seconds(),
            energy_wh=None if wanted is None else max(wanted - session.delivered_wh, 0.0),
            delivered_wh=session.delivered_wh,
            running=bool(bounds.running[session.evse]),
            taper=self._taper(session, float(bounds.max_a[session.evse])),
        )

    def _taper(self, session: Session, max_a: float) -> Taper | None:
        """As it was seen; before that as batteries do."""
        power_w_per_a = float(self._power_w_per_a[session.evse])
        seen = self._car(session).own.taper(session.delivered_wh, power_w_per_a)
        if seen is not None or session.energy_wh is None or not self._settings.taper_share:
            return seen
        left_wh = max(session.energy_wh - session.delivered_wh, 0.0)
        most_w = max(max_a * power_w_per_a, 1.0)
        time_h = self._settings.taper_share * session.energy_wh / most_w
        if session.measured_a:
            # It can't taper earlier than it does.
            time_h = min(time_h, left_wh / (session.measured_a * power_w_per_a))
        return Taper(time_h, left_wh)

    def _use(self, session: Session) -> float:
        """How much of its grant a car uses that draws less than the minimum; 1 if not known."""
        granted = self._car(session).granted_a
        drawn = session.measured_a
        if drawn is None or not 0 < granted <= session.min_a or drawn >= session.min_a:
            return 1.0
        return max(drawn / session.min_a, 0.05)

    def _share(self, sessions: Sequence[Session], bounds: _Bounds, now: datetime) -> Floats:
        turn = self._turns(sessions, bounds, now)
        claims = Claims(wants=bounds.present, min_a=bounds.min_a, max_a=bounds.max_a, turn=turn)

        def fair_shares(claims: Claims) -> Floats:
            least = claims.min_a
            if self._settings.continuous:
                # Exact shares fill rows to the brim: without a hair less, noise would cost
                # somebody the place that an earlier round gave him.
                least = np.maximum(least - _HAIR_A, bounds.min_a)
            return allocate_matrix(
                self._rows,
                self.limits_a,
                wants=claims.wants,
                min_a=least,
                max_a=claims.max_a,
                step_a=bounds.step_a,
                turn=claims.turn,
                continuous=self._settings.continuous,
            )

        target_a = self._targets(sessions, bounds, now)
        if target_a is None:
            return fair_shares(claims)
        return share_by_plan(fair_shares, claims, bounds.running, target_a)

    def _targets(
        self, sessions: Sequence[Session], bounds: _Bounds, now: datetime
    ) -> Floats | None:
        if self.last_plan is None:
            return None
        target_a = np.zeros(bounds.max_a.size)
        for index, session in enumerate(sessions):
            planned = self.last_plan.target_a[index]
            if not self._settings.continuous:
                planned = np.floor(planned / session.step_a + 0.5) * session.step_a
            if self._has_turn(session, now):
                planned = max(planned, session.min_a)
            target_a[session.evse] = planned
        return target_a

    def _has_turn(self, session: Session, now: datetime) -> bool:
        car = self._car(session)
        if car.granted_a == 0 or car.started_at is None:
            return False
        settings = self._settings
        turn_s = settings.turn_s if self.last_plan is None else settings.planned_turn_s
        return now - car.started_at < timedelta(seconds=turn_s)

    def _turns(self, sessions: Sequence[Session], bounds: _Bounds, now: datetime) -> Floats:
        """Place of each EVSE: who has his turn, then by plan, or by need without one."""
        if self.last_plan is None:
            order = self._by_need(sessions, bounds, now)
        else:
            order = self._by_plan(sessions, bounds, now)
        turn = np.zeros(bounds.max_a.size)
        turn[order] = np.arange(len(order))
        return turn

    def _by_plan(self, sessions: Sequence[Session], bounds: _Bounds, now: datetime) -> list[int]:
        targets = self._targets(sessions, bounds, now)

        def place(session: Session) -> tuple[float, ...]:
            waits = not self._has_turn(session, now)
            runs = bool(bounds.running[session.evse])
            target = 0.0 if targets is None else float(targets[session.evse])
            return waits, not runs, -target, self._served(session), session.evse

        return [session.evse for session in sorted(sessions, key=place)]

    def _by_need(self, sessions: Sequence[Session], bounds: _Bounds, now: datetime) -> list[int]:
        def need(session: Session) -> tuple[bool, int]:
            return not self._has_turn(session, now), int(self._served(session) * _NEEDS)

        ordered = sorted(sessions, key=lambda each: (need(each), self._served(each), each.evse))
        classes = [[each.evse for each in equals] for _, equals in groupby(ordered, key=need)]
        return balanced_order(self._rows, self.limits_a, bounds.min_a, classes)

    def _served(self, session: Session) -> float:
        return session.delivered_wh / (session.energy_wh or self._settings.typical_energy_wh)


def _is_wanting(session: Session) -> bool:
    return session.energy_wh is None or session.energy_wh - session.delivered_wh > FULL_WH


def _coefficients(rows: npt.ArrayLike) -> Coefficients:
    matrix = np.atleast_2d(np.asarray(rows))
    if np.iscomplexobj(matrix):
        return matrix.astype(np.complex128)
    return matrix.astype(np.float64)
