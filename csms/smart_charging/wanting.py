"""From the state of a site's EVSEs to what each wants of the allocation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np

from csms.smart_charging.circuit_watch import CircuitWatch
from csms.smart_charging.demands import Demands
from csms.smart_charging.grid import Binding, EvseKey, Mode, Phase, Site
from csms.smart_charging.modes import Permit, mode_at, start_w, watts_per_amp
from csms.smart_charging.profile_building import least_a
from csms.smart_charging.steered_evse import HeldDown, SteeredEvse
from csms.smart_charging.surplus import PoolMember, share_surplus
from csms.smart_charging.topology import Topology
from csms.smart_charging.turns import Candidate, Turn, Turns

DRAWS_A: Final = 1.0
"""Above this a car is charging."""
SOLAR: Final = (Mode.SOLAR_PURE, Mode.SOLAR_PLUS)


class PlanBounds:
    """What the look ahead says: fill to this first, and stay below that for now."""

    __slots__ = ("ceiling_a", "target_a")

    def __init__(self, target_a: float, ceiling_a: float | None) -> None:
        self.target_a = target_a
        self.ceiling_a = ceiling_a


class Wanting:
    """Works out permits, turns and demands; keeps the rotation between decisions."""

    def __init__(self, site: Site, topology: Topology) -> None:
        self._site = site
        self._topology = topology
        self._turns = Turns(site.slot_s)

    def inherit(self, before: Wanting) -> None:
        """Go on with the rotation from before the installation was changed."""
        if before._turns.slot_s == self._turns.slot_s:
            self._turns = before._turns

    def forget(self, key: EvseKey) -> None:
        """Another car is there, or none: what its forerunner had is nothing to it."""
        self._turns.forget(key)

    @property
    def next_turn(self) -> datetime | None:
        """When another's turn may begin; None while nobody waits."""
        return self._turns.next_edge

    def demands(
        self,
        evses: Sequence[SteeredEvse],
        circuits: CircuitWatch,
        plan: Mapping[EvseKey, PlanBounds],
        now: datetime,
    ) -> Demands:
        """Return what everybody wants; `permit` and `is_waiting` of each are set."""
        demands = Demands.none(self._topology)
        self._permit(evses, circuits, now)
        taking = [s for s in evses if s.permit is not None and s.permit.may_charge]
        turns = self._turns.order(now, [_candidate(s) for s in taking])
        for row, steered in enumerate(evses):
            steered.is_waiting = False
            if steered.measured_a is not None:
                demands.measured_a[row] = steered.measured_a
            turn = turns.get(steered.key)
            if turn is None:
                demands.reserved_a[row] = self._kept_free(steered, now)
            elif turn.rests:
                steered.is_waiting = True
            else:
                self._take_part(demands, row, steered, turn, plan.get(steered.key), now)
            if steered.needs_room:
                self._keep_unconfirmed(demands, row, steered, now)
            held = _held_down(steered, now)
            if held is not None:
                demands.reserved_a[row] = held.kept_a
        return demands

    def _permit(self, evses: Sequence[SteeredEvse], circuits: CircuitWatch, now: datetime) -> None:
        candidates = [s for s in evses if s.is_steerable and s.wants(now)]
        shares = self._solar_shares(candidates, circuits, now)
        for steered in evses:
            steered.permit = None
        for steered in candidates:
            steered.surplus_w = shares.get(steered.key)
            if steered.withheld is not None:
                steered.permit = Permit(may_charge=False, reason=steered.withheld)
                continue
            step = steered.switch_step
            if step is not None and not step.may_charge:
                reason = Binding("switching", "stopped to switch phases")
                steered.permit = Permit(may_charge=False, reason=reason)
                continue
            steered.permit = steered.governor.permit(
                now,
                steered.settings,
                steered.evse,
                self._site,
                surplus_w=steered.surplus_w,
                phases=steered.phases_used(now),
                is_charging=steered.target_a > 0 and _draws(steered),
                least_phases=_least_phases(steered, now),
            )

    def _solar_shares(
        self, candidates: Sequence[SteeredEvse], circuits: CircuitWatch, now: datetime
    ) -> dict[EvseKey, float]:
        solar = [s for s in candidates if mode_at(s.settings, self._site, now) in SOLAR]
        if not solar:
            return {}
        volts = self._site.voltage_v
        drawn_w = sum(sum(s.measured_a) * volts for s in solar if s.measured_a is not None)
        surplus_w = circuits.other.surplus_w(now, drawn_w, self._site.battery_counts_as_surplus)
        if surplus_w is None:
            return {}
        members = [
            PoolMember(
                key=s.key,
                start_w=start_w(
                    mode_at(s.settings, self._site, now),
                    s.settings,
                    s.evse,
                    self._site,
                    _least_phases(s, now),
                ),
                max_w=most_a(s, now)
                * watts_per_amp(
                    s.evse, self._site, 3 if s.evse.can_switch_phases else s.phases_used(now)
                ),
                priority=s.evse.priority,
                weight=s.evse.weight,
                is_running=s.target_a > 0,
                step_w=s.evse.step_a * watts_per_amp(s.evse, self._site, s.phases_used(now)),
            )
            for s in solar
        ]
        return share_surplus(surplus_w, members)

    def _kept_free(self, steered: SteeredEvse, now: datetime) -> tuple[float, ...]:
        """What counts for an EVSE that takes no part.

        One that can be told is about to be told its idle allowance, nothing; others keep all that
        they may still draw.
        """
        if steered.is_steerable:
            return (0.0, 0.0, 0.0)
        steered.count(now)
        return steered.reserved(now)

    def _keep_unconfirmed(
        self, demands: Demands, row: int, steered: SteeredEvse, now: datetime
    ) -> None:
        """What it may draw beyond the share that it hasn't confirmed is taken by it, too."""
        share_a = steered.target_a if demands.wants[row] else 0.0
        if share_a > 0:
            most = max(demands.min_a[row], share_a)
            demands.max_a[row] = min(demands.max_a[row], most)
        elif demands.wants[row]:
            demands.wants[row] = False
            steered.is_waiting = True
        steered.count(now)
        may_draw, draws = steered.reserved(now), steered.draws_on(now)
        beyond = [may_draw[p] - (share_a if p in draws else 0.0) for p in Phase]
        demands.reserved_a[row] = np.maximum(demands.reserved_a[row], beyond)

    def _take_part(
        self,
        demands: Demands,
        row: int,
        steered: SteeredEvse,
        turn: Turn,
        bounds: PlanBounds | None,
        now: datetime,
    ) -> None:
        permit = steered.permit or Permit(may_charge=False)
        floor_a = self._least_a(steered, permit)
        ceiling_a = min(permit.max_a, most_a(steered, now))
        if not steered.may_borrow and steered.safe_a < floor_a:
            return
        if steered.transaction is None:
            ceiling_a = floor_a
        elif bounds is not None:
            demands.target_a[row] = bounds.target_a
            if bounds.ceiling_a is not None:
                ceiling_a = min(ceiling_a, bounds.ceiling_a)
        if ceiling_a < floor_a:
            if steered.target_a <= 0 or ceiling_a <= 0:
                demands.reserved_a[row] = 0.0
                return
            ceiling_a = floor_a
        demands.wants[row] = True
        demands.min_a[row] = floor_a
        demands.max_a[row] = ceiling_a
        demands.turn[row] = turn.number
        demands.hold[row] = turn.holds
        draws = steered.draws_on(now)
        demands.draws[row] = [phase in draws for phase in Phase]
        excess_a = steered.commitment.overdraw(now)
        if excess_a > 0:
            # What it takes beyond its limit is as real as any other load: others give way.
            demands.reserved_a[row] = [excess_a if phase in draws else 0.0 for phase in Phase]

    def _least_a(self, steered: SteeredEvse, permit: Permit) -> float:
        strategy = steered.strategy
        least = steered.evse.min_a if strategy is None else least_a(steered.evse, strategy)
        return max(least, permit.min_a)


def most_a(steered: SteeredEvse, now: datetime) -> float:
    """The most the EVSE could use, whatever its mode."""
    held = _held_down(steered, now)
    limits = [
        steered.evse.rated_a,
        steered.headroom.ceiling_a(now),
        steered.need.max_current_a,
        steered.external_limit_a,
        None if steered.may_borrow else steered.safe_a,
        None if held is None else held.ceiling_a,
    ]
    return min(limit for limit in limits if limit is not None)


def _held_down(steered: SteeredEvse, now: datetime) -> HeldDown | None:
    held = steered.held_down
    return held if held is not None and now < held.until else None


def _least_phases(steered: SteeredEvse, now: datetime) -> int:
    """On how few phases it could charge, by a switch if need be."""
    may_switch = steered.evse.can_switch_phases and steered.settings.phases != "3"
    return 1 if may_switch else steered.phases_used(now)


def _draws(steered: SteeredEvse) -> bool:
    return steered.measured_a is not None and max(steered.measured_a) > DRAWS_A


def _candidate(steered: SteeredEvse) -> Candidate:
    transaction = steered.transaction
    arrived_at = steered.plugged_at if transaction is None else transaction.started_at
    return Candidate(
        key=steered.key,
        is_running=steered.target_a > 0,
        served_ah=steered.served_ah,
        arrived_at=arrived_at or datetime.max.replace(tzinfo=UTC),
        must_run=steered.strategy is not None and not steered.strategy.zero_pauses,
    )


def why_not(steered: SteeredEvse, allocated: Binding | None) -> Binding | None:
    """What holds an EVSE back: its mode where that is tighter, else the installation."""
    permit = steered.permit
    if steered.strategy is None:
        return Binding(
            "uncontrolled", f"{steered.key} follows no limit", None, steered.evse.rated_a
        )
    if not steered.is_online:
        return Binding("offline", f"{steered.key} is not connected")
    if permit is not None and not permit.may_charge:
        return permit.reason
    if steered.is_waiting and allocated is None:
        if steered.unconfirmed_since is not None:
            return Binding("unconfirmed", f"{steered.key} has not confirmed its limit")
        return Binding("waiting", "rests before its next turn")
    limit_a = steered.external_limit_a
    if limit_a is not None and limit_a <= steered.target_a + 1.0:
        return Binding(
            "external", f"a limit that another system set at {steered.key}", None, limit_a
        )
    if allocated is not None and allocated.kind != "evse":
        return allocated
    if allocated is not None and permit is not None and permit.reason:
        return permit.reason
    if permit is not None and not steered.may_borrow:
        trusted = steered.commitment.clock_trusted
        why = "its limits don't lapse" if trusted else "its clock is wrong"
        return Binding("safe_share", f"safe share of {steered.key}: {why}", None, steered.safe_a)
    return allocated
