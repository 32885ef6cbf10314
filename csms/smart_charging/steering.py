"""One site's load management: facts in, decisions out. Pure; time is an argument.

Each decision takes the limits and other load of every circuit, lets everybody who wants have a
fair share, and then sends only what is safe beside all that chargers may still draw.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import numpy as np

from csms.smart_charging.alarming import Alarming
from csms.smart_charging.allocation import Allocation
from csms.smart_charging.answering import take_answer, try_another
from csms.smart_charging.circuit_watch import CircuitWatch
from csms.smart_charging.demands import Capacity, Demands
from csms.smart_charging.enrolment import enrolled, to_remember
from csms.smart_charging.evse_facts import Measured, Plug, TransactionRef
from csms.smart_charging.grid import Binding, Evse, EvseKey, Grant, PerPhase, Site, Unit
from csms.smart_charging.instructions import (
    CircuitStatus,
    ClearProfiles,
    Decision,
    EvseStatus,
    Instruction,
    Outcome,
    ReadSchedule,
    StopTransaction,
    Switch,
)
from csms.smart_charging.limit_orders import Order
from csms.smart_charging.look_ahead import Expectations, LookAhead, Planning
from csms.smart_charging.modes import watts_per_amp
from csms.smart_charging.phase_choice import switch_phases, switchable
from csms.smart_charging.phase_learning import rotation_mismatch
from csms.smart_charging.profiles import Hold, Register
from csms.smart_charging.releasing import SAME_A, Releases
from csms.smart_charging.safe_shares import safe_shares
from csms.smart_charging.shares import shares
from csms.smart_charging.statuses import circuit_statuses, evse_status
from csms.smart_charging.steered_evse import HeldDown, Remembered, SteeredEvse
from csms.smart_charging.strategies import Strategy, initial
from csms.smart_charging.strategy_search import Failure
from csms.smart_charging.takeover import cleared
from csms.smart_charging.topology import Topology
from csms.smart_charging.wanting import PlanBounds, Wanting, why_not
from csms.smart_charging.wishes import ChargingNeed, ModeSettings

BUSY_S: Final = 2.0
"""How often a site with cars is looked at although nothing happened."""
CALM_S: Final = 10.0
BLAME_AGAIN: Final = timedelta(seconds=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What people have set up."""

    site: Site
    modes: Mapping[EvseKey, ModeSettings] = field(default_factory=dict)
    orders: Sequence[Order] = ()
    needs: Mapping[int, ChargingNeed] = field(default_factory=dict)
    """By our transaction id."""
    signal_at: Mapping[str, datetime] = field(default_factory=dict)
    keeping_phases: frozenset[str] = frozenset()
    """Id tokens whose car doesn't bear a switch between one and three phases."""


@dataclass(frozen=True, slots=True)
class _Shared:
    """The last decision's shares; why somebody got no more is worked out when asked."""

    demands: Demands
    allocation: Allocation


class SiteSteering:
    def __init__(
        self,
        installation: Installation,
        remembered: Mapping[EvseKey, Remembered],
        now: datetime,
    ) -> None:
        self._evses: dict[EvseKey, SteeredEvse] = {}
        self._next_id = 0
        self._flying: dict[int, Instruction] = {}
        self._plan: Mapping[EvseKey, PlanBounds] = {}
        self._plan_until: datetime | None = None
        self._decided_at: datetime | None = None
        self._alarming = Alarming()
        self._shared: _Shared | None = None
        self._watch: CircuitWatch
        self._wanting: Wanting
        self.site = installation.site
        self.reinstall(installation, remembered, now)

    # --- the installation ---

    def reinstall(
        self,
        installation: Installation,
        remembered: Mapping[EvseKey, Remembered],
        now: datetime,
    ) -> None:
        """Take over a changed installation; what is known of unchanged EVSEs stays known."""
        site = installation.site
        same_site = bool(self._evses) and site == self.site
        self.site = site
        self._needs = installation.needs
        self._keeping_phases = installation.keeping_phases
        known = self._evses
        self._evses = {}
        for evse in site.evses:
            settings = installation.modes.get(evse.key, ModeSettings())
            steered = known.get(evse.key)
            if steered is None or steered.evse != evse:
                memory = remembered.get(evse.key, Remembered())
                steered = enrolled(evse, settings, memory, steered, now)
            steered.settings = settings
            self._evses[evse.key] = steered
            self._take_need(steered)
        self._of_charge_point: dict[str, list[EvseKey]] = defaultdict(list)
        for key in self._evses:
            self._of_charge_point[key.charge_point_id].append(key)
        if same_site:
            self._watch.reorder(installation.orders, installation.signal_at)
            return
        self._prepare(installation)

    def _prepare(self, installation: Installation) -> None:
        site = installation.site
        self._topology = Topology.prepare(site)
        self._shared = None
        watched = getattr(self, "_watch", None)
        wanted = getattr(self, "_wanting", None)
        self._watch = CircuitWatch(
            site, self._topology, installation.orders, installation.signal_at
        )
        self._wanting = Wanting(site, self._topology)
        if watched is not None and wanted is not None:
            self._watch.inherit(watched)
            self._wanting.inherit(wanted)
        self._look_ahead: LookAhead | None = None
        self._share_safely()

    def _share_safely(self) -> None:
        """Work out the standing limits; who follows none counts with all that it may draw."""
        deaf = {key for key, steered in self._evses.items() if steered.strategy is None}
        for key, safe_a in safe_shares(self.site, self._topology, deaf).items():
            self._evses[key].safe_a = safe_a

    def _take_need(self, steered: SteeredEvse) -> None:
        transaction = steered.transaction
        known = self._needs.get(transaction.id) if transaction is not None else None
        steered.need = known or ChargingNeed()

    @property
    def charge_points(self) -> list[str]:
        return list(self._of_charge_point)

    @property
    def circuits(self) -> Mapping[str, object]:
        return self._topology.circuit_index

    @property
    def evses(self) -> Sequence[SteeredEvse]:
        return list(self._evses.values())

    def evses_of(self, charge_point_id: str) -> list[EvseKey]:
        """The EVSEs of a charge point that are steered here."""
        return self._of_charge_point.get(charge_point_id, [])

    def _those_of(self, charge_point_id: str) -> Iterator[SteeredEvse]:
        for key in self.evses_of(charge_point_id):
            yield self._evses[key]

    # --- facts ---

    def connected(self, charge_point_id: str, now: datetime) -> None:
        for steered in self._those_of(charge_point_id):
            steered.is_online = True
            steered.unconfirmed_since = None
            steered.schedule_asked = False
            steered.retry_at = None
            steered.timeouts = 0
            steered.commitment.connected(now)

    def disconnected(self, charge_point_id: str, now: datetime) -> None:
        for steered in self._those_of(charge_point_id):
            steered.is_online = False
            steered.commitment.disconnected(now)

    def booted(self, charge_point_id: str, now: datetime) -> None:
        for steered in self._those_of(charge_point_id):
            steered.commitment.booted(now)
            steered.external_limit_a = None
            if steered.strategy is None and steered.evse.controllable:
                # It may have new firmware: it gets another chance.
                steered.strategy = initial("", "", "", {})
                self._share_safely()
            steered.told.pop(Register.TX, None)
            steered.told.pop(Register.IDLE, None)
            steered.schedule_asked = False

    def plug(self, key: EvseKey, plug: Plug, now: datetime) -> None:
        """Take what the connectors of an EVSE say."""
        steered = self._evses[key]
        if plug is steered.plug:
            return
        if plug is Plug.PLUGGED and steered.plug is Plug.FREE:
            steered.plugged_at = now
        if plug is Plug.FREE:
            steered.plugged_at = None
            steered.forget_car(now)
        steered.plug = plug

    def transaction(self, key: EvseKey, transaction: TransactionRef | None, now: datetime) -> None:
        """Take the open transaction of an EVSE, None if there is none."""
        steered = self._evses[key]
        before = steered.transaction
        if before is None and transaction is None and steered.is_online:
            # No profile of an earlier transaction can rule the next one.
            steered.commitment.transaction_ended(now)
        if (before and before.id) == (transaction and transaction.id):
            return
        self._wanting.forget(key)
        if before is not None:
            steered.commitment.transaction_ended(now)
            steered.told.pop(Register.TX, None)
            steered.served_ah = 0.0
            steered.target_a = 0.0
            steered.lowered_at = steered.raised_at = None
            steered.measured = steered.measured_a = None
            steered.switch_step = steered.withheld = None
            steered.forget_car(now)
        if transaction is not None and steered.is_online:
            self._transaction_found(steered, transaction, now)
        steered.transaction = transaction
        self._take_need(steered)

    def _transaction_found(
        self, steered: SteeredEvse, transaction: TransactionRef, now: datetime
    ) -> None:
        """Whether it is new: one that began before we knew the EVSE may have its profile."""
        if self._decided_at is not None and transaction.started_at >= self._decided_at:
            steered.commitment.transaction_started(now)
            steered.switching.begin()
        else:
            steered.commitment.transaction_found(now)

    def measured(self, key: EvseKey, measured: Measured, now: datetime) -> None:
        """Take a reading of the EVSE's own meter."""
        steered = self._evses[key]
        if measured.is_older_than(steered.measured):
            return
        draws = len(steered.draws_on(now))
        current_a = measured.on_grid(steered.evse, draws, self.site.voltage_v)
        steered.measured, steered.measured_a = measured, current_a
        told = steered.told.get(Register.TX)
        if told is not None and steered.plug is not Plug.FREE:
            steered.headroom.measured(max(current_a), told.limit_a, measured.at)
        if measured.terminals_a is not None:
            steered.learning.measured(current_a, measured.at)
        steered.commitment.measured(current_a, measured.at, now)
        self._watch.other.charger(key, current_a, measured.at)
        self._watch.signs.charger(key, current_a, measured.at)

    def recall(self, key: EvseKey, measured: Measured) -> None:
        """Take what an EVSE was measured to draw shortly before a restart of the server."""
        steered = self._evses[key]
        draws = len(steered.evse.wiring.first(steered.phases))
        current_a = measured.on_grid(steered.evse, draws, self.site.voltage_v)
        may_draw_a = steered.commitment.reserved(measured.at)
        self._watch.other.recall(key, current_a, measured.at, may_draw_a)

    def meter(
        self,
        circuit_id: str,
        current_a: PerPhase,
        at: datetime,
        *,
        now: datetime,
        power_w: float | None = None,
        battery_w: float | None = None,
    ) -> str | None:
        """Take a reading of a circuit's meter; returns why it is ignored, None if it is used."""
        why = self._watch.other.reading(
            circuit_id, current_a, at, now=now, power_w=power_w, battery_w=battery_w
        )
        if why is None:
            self._watch.signs.meter(circuit_id, current_a, at)
        if why is None and self._watch.budget is not None and circuit_id == self.site.root.id:
            drawn_w = power_w if power_w is not None else sum(current_a) * self.site.voltage_v
            self._watch.budget.reading(drawn_w, at)
        return why

    def need(self, key: EvseKey, need: ChargingNeed, now: datetime) -> None:
        """Take what the car itself said that it needs; the rest stays as it was known.

        A profile follows, whether anything has changed or not (K15.FR.07, K17.FR.07).
        """
        steered = self._evses[key]
        steered.need = need.over(steered.need)
        steered.tell_again(now)

    def keeps_within(
        self, key: EvseKey, highest: float, unit: Unit, phases: int | None, now: datetime
    ) -> bool:
        """Whether a car means to draw no more than it may; else it is told again (K15.FR.12)."""
        steered = self._evses[key]
        if unit == "W":
            highest /= watts_per_amp(steered.evse, self.site, phases or steered.phases)
        if highest <= steered.may_draw_a(now) + SAME_A:
            return True
        steered.tell_again(now)
        return False

    def external_limit(self, key: EvseKey, limit_a: float | None) -> None:
        """Take a limit that something else set at the charge point; None: it is gone."""
        self._evses[key].external_limit_a = limit_a

    def clock_seen(self, charge_point_id: str, ahead: timedelta, now: datetime) -> None:
        """Take by how much a charge point's clock was ahead of ours in a reading."""
        for steered in self._those_of(charge_point_id):
            told = steered.clock.correction
            steered.clock.seen(ahead, now)
            steered.commitment.clock_trusted = not steered.clock.is_wrong
            if steered.clock.correction != told:
                steered.tell_again(now)

    def hold_down(self, key: EvseKey, hold: HeldDown | None) -> None:
        """Give an EVSE less for a while, and nobody the difference; None: as usual again."""
        self._evses[key].held_down = hold

    def withhold(self, key: EvseKey, transaction_id: int, reason: str) -> None:
        """Give a transaction nothing more until it ends."""
        steered = self._evses[key]
        if steered.transaction is not None and steered.transaction.id == transaction_id:
            steered.withheld = Binding("withheld", reason)

    def use_strategy(self, charge_point_id: str, strategy: Strategy | None) -> None:
        """Take how a charge point's model wants its limits, unless it is found out already."""
        for steered in self._those_of(charge_point_id):
            if steered.strategy is not None and not steered.strategy.tried:
                steered.strategy = strategy

    def phase_rotation(self, charge_point_id: str, reported: str) -> None:
        """Take what a charge point says of its phases (1.6 ConnectorPhaseRotation)."""
        for steered in self._those_of(charge_point_id):
            key = steered.key
            mismatch = rotation_mismatch(steered.evse.wiring, key.evse_id, reported)
            self._alarming.rotation(str(key), mismatch and f"{charge_point_id}: {mismatch}")

    def planning(
        self, delivered_wh: Mapping[int, float], expected: Expectations, now: datetime
    ) -> Planning | None:
        """Return what there is to plan ahead, None if nothing of the future is known."""
        if not self._watch.now:
            return None
        if self._look_ahead is None:
            self._look_ahead = LookAhead(self._topology)
        evses = list(self._evses.values())
        return self._look_ahead.planning(evses, self._watch, delivered_wh, expected, now)

    def use_plan(self, plan: Mapping[EvseKey, PlanBounds], until: datetime | None) -> None:
        """Take the bounds of a plan until it is too old; an empty one takes them away."""
        self._plan, self._plan_until = plan, until

    # --- answers ---

    def answered(
        self, instruction_id: int, outcome: Outcome, now: datetime, words: str = ""
    ) -> None:
        """Take how an instruction went. Unknown ids are ignored: the EVSE was removed."""
        instruction = self._flying.pop(instruction_id, None)
        if instruction is None or instruction.key not in self._evses:
            return
        steered = self._evses[instruction.key]
        if steered.in_flight is instruction:
            steered.in_flight = None
        match instruction.action:
            case ReadSchedule() | StopTransaction():
                return
            case ClearProfiles():
                cleared(steered, instruction.action, outcome, now)
            case _:
                why = partial(self._why, steered.key, now)
                if take_answer(steered, instruction, outcome, now, words, why):
                    self._share_safely()

    def schedule_read(self, key: EvseKey, schedule: Hold, now: datetime) -> None:
        """Take the composite schedule that a charger told."""
        if key in self._evses:
            self._evses[key].commitment.composite_read(schedule, now)

    # --- deciding ---

    def decide(self, now: datetime, *, may_raise: bool = True) -> Decision:
        """Say what to tell whom now. `may_raise` False: only lower and renew."""
        self._account(now)
        capacity = self._watch.look(now)
        evses = list(self._evses.values())
        plan = self._plan if self._plan_until is None or now < self._plan_until else {}
        switches = self._switch_phases(capacity, evses, now)
        demands = self._wanting.demands(evses, self._watch, plan, now)
        running = np.array([steered.target_a > 0 for steered in evses], dtype=bool)
        allocation = shares(
            self._topology,
            capacity,
            demands,
            running,
            strict=self.site.strict_priority,
            like=self._shared.allocation if self._shared else None,
        )
        self._shared = _Shared(demands, allocation)
        for row, steered in enumerate(evses):
            steered.target_a = float(allocation.limit_a[row])
            steered.is_waiting |= bool(allocation.waiting[row])
            steered.count(now)
        room = self._watch.room(capacity)
        for steered in evses:
            room.take_reserved(steered.evse, steered.reserved(now))
        for steered in evses:
            late = steered.is_late(now)
            steered.needs_room = late and (
                room.obstacle(steered.evse, steered.loads(now)) is not None
            )
        self._blame(evses, now)
        releases = Releases(room, now, may_raise=may_raise, next_id=self._take_id)
        instructions = [
            *releases.stops(evses),
            *releases.lowered(evses, self._standing_may_rise(evses)),
        ]
        for instruction in instructions:
            self._flying[instruction.id] = instruction
            steered = self._evses[instruction.key]
            steered.count(now)
            if instruction.limit_a is not None and instruction.register is steered.ruling:
                steered.unconfirmed_since = steered.unconfirmed_since or now
                self._watch.other.told(steered.key, instruction.limit_a, now)
        for steered in evses:
            self._watch.other.allowed(steered.key, steered.counted_a, now)
        self._decided_at = now
        alarms = self._alarming.alarms(evses, self._watch, room, now)
        return Decision(tuple(instructions), alarms, switches, self._wake_at(evses, now))

    def _take_id(self) -> int:
        self._next_id += 1
        return self._next_id

    def _account(self, now: datetime) -> None:
        """Count what each transaction was given: the rotation serves the least served."""
        if self._decided_at is None:
            return
        hours = (now - self._decided_at).total_seconds() / 3600.0
        for steered in self._evses.values():
            if steered.transaction is not None:
                steered.served_ah += steered.target_a * hours

    def _switch_phases(
        self, capacity: Capacity, evses: Sequence[SteeredEvse], now: datetime
    ) -> tuple[Switch, ...]:
        able = switchable(evses)
        if not able:
            return ()
        room = self._watch.room(capacity, likely=True)
        for steered in evses:
            room.take(steered.evse, steered.target_a, steered.draws_on(now))
        return switch_phases(able, room, self.site, self._keeping_phases, now)

    def _why(self, key: EvseKey, now: datetime) -> Binding | None:
        return self.grant(key, now).binding

    def grant(self, key: EvseKey, now: datetime) -> Grant:
        """What an EVSE was given by the last decision, and what keeps it from more.

        That is what keeps it from its share, where it has not got all of that yet.
        """
        steered, shared = self._evses[key], self._shared
        if steered.held_back is not None and steered.is_steerable:
            return Grant(steered.target_a, steered.draws_on(now), steered.held_back)
        held = None
        if shared is not None:
            row = self._topology.index[key]
            held = shared.allocation.binding(row) if shared.demands.wants[row] else None
        return Grant(steered.target_a, steered.draws_on(now), why_not(steered, held))

    def _blame(self, evses: Sequence[SteeredEvse], now: datetime) -> None:
        """A charger that draws more than it may is told in another way."""
        for steered in evses:
            if steered.commitment.overdraw(now) <= 0 or not steered.is_steerable:
                continue
            if steered.blamed_at is not None and now - steered.blamed_at < BLAME_AGAIN:
                continue
            steered.blamed_at = now
            if try_another(steered, Failure.NO_EFFECT, "it draws more than it may"):
                self._share_safely()

    def _standing_may_rise(self, evses: Sequence[SteeredEvse]) -> bool:
        """Safe limits rise only when everybody else has come down to the new ones."""
        return all(
            steered.commitment.standing_a is not None
            and steered.commitment.standing_a <= steered.safe_a + SAME_A
            for steered in evses
            if steered.evse.controllable and steered.strategy is not None
        )

    def _wake_at(self, evses: Sequence[SteeredEvse], now: datetime) -> datetime:
        busy = any(s.transaction is not None or s.in_flight is not None for s in evses)
        wake_at = now + timedelta(seconds=BUSY_S if busy else CALM_S)
        changes = [
            self._watch.next_change,
            self._wanting.next_turn,
            *(s.permit.wake_at for s in evses if s.permit),
        ]
        return min([wake_at, *(at for at in changes if at is not None and at > now)])

    # --- what to show and to remember ---

    def strategy(self, key: EvseKey) -> Strategy | None:
        steered = self._evses.get(key)
        return None if steered is None else steered.strategy

    def evse(self, key: EvseKey) -> Evse:
        """Raises KeyError for an EVSE that isn't steered here."""
        return self._evses[key].evse

    def transaction_id(self, key: EvseKey) -> int | None:
        transaction = self._evses[key].transaction
        return None if transaction is None else transaction.id

    def memory(self, key: EvseKey) -> Remembered:
        """Return what has to survive a restart about an EVSE.

        Has to be durable before an instruction that raises leaves: see `Commitment`.
        """
        return to_remember(self._evses[key])

    def evse_statuses(self, now: datetime) -> list[EvseStatus]:
        return [
            evse_status(steered, self.grant(key, now), now) for key, steered in self._evses.items()
        ]

    def circuit_statuses(self, now: datetime) -> list[CircuitStatus]:
        return circuit_statuses(self.site, self._evses.values(), self._watch.now, now)
