"""Steers one site: facts in, decisions, instructions out. One task per site."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from csms.clock import Clock
from csms.errors import DatabaseUnavailableError
from csms.events import (
    ChargePointBooted,
    ChargePointConnected,
    ChargingNeeds,
    Event,
    TransactionEnded,
    TransactionStarted,
)
from csms.metrics import Metrics
from csms.services.charge_point import ChargePoint
from csms.services.charging_reports import CarSchedule
from csms.services.load_management import facts
from csms.services.load_management.alarms import Alarms
from csms.services.load_management.dispatch import Answer, Dispatch
from csms.services.load_management.keeper import Keeper
from csms.services.load_management.models import ModelKnowledge
from csms.services.load_management.planner import SitePlanner
from csms.services.load_management.ports import (
    CircuitReading,
    EvseMemory,
    LoadManagementStore,
    PhaseSwitch,
    SteeredSite,
)
from csms.services.load_management.schedules import hold_of
from csms.services.load_management.withholding import Withholding
from csms.smart_charging.grid import EvseKey
from csms.smart_charging.instructions import Decision, Instruction
from csms.smart_charging.limit_orders import Order
from csms.smart_charging.steered_evse import HeldDown, Remembered
from csms.smart_charging.steering import Installation, SiteSteering

log = logging.getLogger(__name__)

COALESCE_S: Final = 0.05
"""After the first news; what happens meanwhile shares the decision."""
HURRY_S: Final = 0.01
"""Between two decisions where somebody waits for the second or a breaker may be overloaded."""
RETRY_S: Final = 2.0
"""How often another node's lock is tried, and a lost one is missed."""
LOCK_CHECK_S: Final = 2.0
GIVE_WAY_S: Final = 60.0
"""How long a node steers a site whose chargers aren't connected to it."""
STAND_BACK_S: Final = 6.0
"""How long it then leaves others the first try."""
_URGENT: Final = (TransactionEnded, TransactionStarted)
_CHANGES_PLANS: Final = (ChargingNeeds, TransactionEnded, TransactionStarted)


@dataclass(frozen=True, slots=True)
class World:
    """What all runners share."""

    store: LoadManagementStore
    keeper: Keeper
    dispatch: Dispatch
    models: ModelKnowledge
    live: Callable[[str], ChargePoint | None]
    """The live charge point, connected to this node or not long gone."""
    is_connected: Callable[[str], bool]
    hand_back: Callable[[EvseKey], Coroutine[Any, Any, None]]
    """Takes our limits off an EVSE that left its site."""
    clock: Clock
    metrics: Metrics


class SiteRunner:
    def __init__(self, site_id: str, world: World, on_change: Callable[[], None]) -> None:
        """`on_change` is called when other charge points belong to the site."""
        self.site_id = site_id
        self._on_change = on_change
        self._world = world
        self._alarms = Alarms(site_id, world.keeper, world.metrics)
        self._planner = SitePlanner(site_id, world.store, world.live, world.clock, world.metrics)
        self._withholding = Withholding(world.keeper.log_withheld)
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._news_at: float | None = None
        """Since when a new fact waits for a decision."""
        self._decided_at = 0.0
        self._charge_points: list[str] = []
        self._alone_since_s = 0.0
        self._is_changed = False
        self._is_sure = True
        self._lock_lost = False
        self._sends: asyncio.TaskGroup
        self.version = -1
        self.steering: SiteSteering | None = None
        """None while another node steers the site."""

    async def run(self) -> None:
        """Steer whenever this node holds the site's lock, until cancelled or the site is gone."""
        async with asyncio.TaskGroup() as sends:
            self._sends = sends
            while True:
                try:
                    async with self._world.store.hold_site(self.site_id) as is_ours:
                        if not is_ours:
                            self._forget()
                        elif not await self._steer():
                            return
                except DatabaseUnavailableError as error:
                    log.warning("site %s: %s", self.site_id, error)
                # Who has none of its chargers leaves the site to a node that has.
                await asyncio.sleep(RETRY_S if self._has_chargers() else STAND_BACK_S)

    def _has_chargers(self) -> bool:
        """Whether one of the site's charge points is connected to this node."""
        return any(self._world.is_connected(identity) for identity in self._charge_points)

    def _gives_way(self) -> bool:
        """Whether it is time to let another node try."""
        now_s = self._world.clock.monotonic()
        if self._has_chargers():
            self._alone_since_s = now_s
        return now_s - self._alone_since_s > GIVE_WAY_S

    def _forget(self) -> None:
        if self.steering is not None:
            self.steering = None
            self._on_change()

    def spelling(self, charge_point_id: str) -> str:
        """Return an identity as the installation spells it."""
        for identity in self.steering.charge_points if self.steering else ():
            if identity.casefold() == charge_point_id.casefold():
                return identity
        return charge_point_id

    def installation_changed(self) -> None:
        self._is_changed = True
        self._wake.set()

    def happened(self, event: Event) -> None:
        """Take an event of one of the site's charge points."""
        if self.steering is not None:
            live = self._world.live(event.charge_point_id)
            facts.tell(self.steering, event, live, self._world.clock.now())
            if live is not None and isinstance(event, ChargePointConnected | ChargePointBooted):
                self._get_to_know(live)
            if isinstance(event, ChargingNeeds) and event.transaction_id is not None:
                self._world.keeper.need(event.transaction_id, facts.need_of(event))
            if isinstance(event, _CHANGES_PLANS):
                self._planner.changed()
            self._news(is_urgent=isinstance(event, _URGENT))

    def _news(self, *, is_urgent: bool) -> None:
        if self._news_at is None:
            self._news_at = self._world.clock.monotonic()
        self._wake.set()
        if is_urgent:
            self._hurry.set()

    def hold_down(self, key: EvseKey, hold: HeldDown | None) -> None:
        """Give one of the site's EVSEs less for a while; None: as usual again."""
        if self.steering is not None and key in self.steering.evses_of(key.charge_point_id):
            self.steering.hold_down(key, hold)
            self._wake.set()

    def withhold(self, key: EvseKey, transaction_id: int, reason: str) -> bool:
        """Give a transaction nothing more; False if the site's EVSE isn't steered here."""
        if self.steering is None or key not in self.steering.evses_of(key.charge_point_id):
            return False
        self.steering.withhold(key, transaction_id, reason)
        self._wake.set()
        return True

    def keeps_within(self, key: EvseKey, meant: CarSchedule) -> bool:
        """Whether a car means to draw no more than it may; else it is told again."""
        steering = self.steering
        if steering is None or key not in steering.evses_of(key.charge_point_id):
            return True
        now = self._world.clock.now()
        if steering.keeps_within(key, meant.highest, meant.unit, meant.phases, now):
            return True
        self._wake.set()
        return False

    def read(self, reading: CircuitReading) -> None:
        """Take a meter reading of one of the site's circuits."""
        if self.steering is None:
            return
        why = self.steering.meter(
            reading.circuit_id,
            reading.current_a,
            reading.measured_at,
            now=self._world.clock.now(),
            power_w=reading.power_w,
            battery_w=reading.battery_w,
        )
        if why is None:
            self._world.keeper.reading(reading)
            self._news(is_urgent=True)
        else:
            log.warning("circuit %s: a reading is ignored: %s", reading.circuit_id, why)

    async def _steer(self) -> bool:
        """Steer until the lock is surely lost; returns whether the site is still there."""
        self._is_sure = True
        self._lock_lost = False
        self._alone_since_s = self._world.clock.monotonic()
        if self.steering is None and not await self._begin():
            self._alarms.update((), self._world.clock.now())
            return False
        helpers = [self._sends.create_task(self._watch_lock())]
        if self.steering is not None:
            plans = self._planner.run(self.steering, self._wake.set)
            helpers.append(self._sends.create_task(plans))
        try:
            return await self._decide_until_lock_lost()
        finally:
            for helper in helpers:
                helper.cancel()

    async def _begin(self) -> bool:
        """Rebuild what is known from the database and the chargers that are connected."""
        steered = await self._world.store.load(self.site_id)
        if steered is None:
            return False
        now = self._world.clock.now()
        log.info("steering site %s: %d EVSEs", self.site_id, len(steered.site.evses))
        self.version = steered.version
        self.steering = SiteSteering(_installation(steered), _remembered(steered.memories), now)
        self._charge_points = self.steering.charge_points
        self._on_change()
        self._alarms.take_over(steered.alarms)
        for key, value in steered.drawn.items():
            if (measured := facts.measured_of([value], value.sampled_at)) is not None:
                self.steering.recall(key, measured)
        for reading in steered.readings:
            self.read(reading)
        for live in self.take_stock():
            self._get_to_know(live)
        return True

    def take_stock(self) -> list[ChargePoint]:
        """Look at every charge point of the site that is connected; returns them."""
        if self.steering is None:
            return []
        now = self._world.clock.now()
        connected = [
            live
            for identity in self.steering.charge_points
            if (live := self._world.live(identity)) and self._world.is_connected(identity)
        ]
        for live in connected:
            facts.take_stock(self.steering, live, now)
        self._wake.set()
        return connected

    async def _decide_until_lock_lost(self) -> bool:
        while not (self._lock_lost or self._gives_way()):
            if self._is_changed:
                self._is_changed = False
                if not await self._reload():
                    self._forget()
                    return False
            steering, now = self.steering, self._world.clock.now()
            if steering is None:
                return True
            with self._world.metrics.load_decision_seconds.time():
                decision = steering.decide(now, may_raise=self._is_sure)
            self._carry_out(steering, decision, now)
            self._withholding.note(steering, now)
            if decision.instructions and self._news_at is not None:
                reaction_s = self._world.clock.monotonic() - self._news_at
                self._world.metrics.load_reaction_seconds.observe(reaction_s)
            self._news_at = None
            self._decided_at = self._world.clock.monotonic()
            await self._pause_until(decision.wake_at)
        return True

    async def _reload(self) -> bool:
        """Take over a changed installation; while the database is away the known one rules."""
        try:
            steered = await self._world.store.load(self.site_id)
        except DatabaseUnavailableError:
            self._is_changed = True
            return True
        if steered is None:
            return False
        now = self._world.clock.now()
        self.version = steered.version
        if self.steering is not None:
            before = {evse.key for evse in self.steering.site.evses}
            self.steering.reinstall(_installation(steered), _remembered(steered.memories), now)
            self._charge_points = self.steering.charge_points
            for key in before - {evse.key for evse in steered.site.evses}:
                self._sends.create_task(self._world.hand_back(key))
            self._on_change()
            self._planner.changed()
            for live in self.take_stock():
                self._get_to_know(live)
        return True

    async def _watch_lock(self) -> None:
        """Without a sure lock nobody is raised; once the database answers it is taken anew."""
        while True:
            await asyncio.sleep(LOCK_CHECK_S)
            self._is_sure = await self._world.store.still_held(self.site_id)
            if not self._is_sure:
                with suppress(DatabaseUnavailableError):
                    await self._world.store.site_versions()
                    self._lock_lost = True
                    self._wake.set()

    async def _pause_until(self, moment: datetime) -> None:
        seconds = (moment - self._world.clock.now()).total_seconds()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(COALESCE_S, seconds)):
                await self._wake.wait()
            async with asyncio.timeout(COALESCE_S):
                await self._hurry.wait()
        since_s = self._world.clock.monotonic() - self._decided_at
        if since_s < HURRY_S:
            await asyncio.sleep(HURRY_S - since_s)
        self._wake.clear()
        self._hurry.clear()

    def _carry_out(self, steering: SiteSteering, decision: Decision, now: datetime) -> None:
        for instruction in decision.instructions:
            self._sends.create_task(self._send(steering, instruction))
        self._alarms.update(decision.alarms, now)
        for switch in decision.switches:
            self._world.keeper.log_switch(
                PhaseSwitch(
                    key=switch.key,
                    at=now,
                    from_phases=switch.from_phases,
                    to_phases=switch.to_phases,
                    reason=switch.reason,
                    transaction_id=steering.transaction_id(switch.key),
                )
            )

    async def _send(self, steering: SiteSteering, instruction: Instruction) -> None:
        if instruction.key not in steering.evses_of(instruction.key.charge_point_id):
            steering.answered(instruction.id, "unsent", self._world.clock.now())
            return
        if await self._is_remembered(steering, instruction):
            answer = await self._world.dispatch.send(instruction)
        else:
            answer = Answer("unsent", "the database is away, and a raise has to be remembered")
        now = self._world.clock.now()
        self._world.metrics.load_instructions.labels(answer.outcome).inc()
        steering.answered(instruction.id, answer.outcome, now, answer.words)
        if instruction.key not in steering.evses_of(instruction.key.charge_point_id):
            return  # it was taken out of its circuit meanwhile
        if answer.schedule is not None:
            hold = hold_of(answer.schedule, steering.evse(instruction.key))
            if hold is not None:
                steering.schedule_read(instruction.key, hold, now)
        if answer.outcome == "accepted":
            self._world.keeper.remember(_memory(steering, instruction.key, now))
        live = self._world.live(instruction.key.charge_point_id)
        if live is not None and answer.outcome == "accepted":
            await self._world.models.worked(live, steering.strategy(instruction.key))
        self._wake.set()

    async def _is_remembered(self, steering: SiteSteering, instruction: Instruction) -> bool:
        """Write down what a charger may hold before it may: a restart has to know."""
        memory = _memory(steering, instruction.key, self._world.clock.now())
        if not self._world.keeper.must_wait_for(memory):
            return True
        try:
            await self._world.keeper.remember_now(memory)
        except DatabaseUnavailableError:
            return not instruction.is_raise
        return True

    def _get_to_know(self, charge_point: ChargePoint) -> None:
        """Find out how this model wants its limits, unless that is known."""
        self._sends.create_task(self._learn_model(charge_point))

    async def _learn_model(self, charge_point: ChargePoint) -> None:
        strategy = await self._world.models.strategy_for(charge_point)
        if self.steering is not None:
            self.steering.use_strategy(charge_point.id, strategy)
            told = self._world.models.capabilities.get(charge_point.id, {})
            if rotation := told.get("ConnectorPhaseRotation"):
                self.steering.phase_rotation(charge_point.id, rotation)
            self._wake.set()


def _installation(steered: SteeredSite) -> Installation:
    return Installation(
        site=steered.site,
        modes=steered.modes,
        orders=tuple(
            Order(
                circuit_id=order.circuit_id,
                starts_at=order.starts_at,
                ends_at=order.ends_at,
                limit_a=order.limit_a,
                power_w=order.power_w,
                reason=order.reason,
            )
            for order in steered.orders
        ),
        needs=steered.needs,
        signal_at=steered.signal_at,
        keeping_phases=steered.keeping_phases,
    )


def _remembered(memories: Mapping[EvseKey, EvseMemory]) -> dict[EvseKey, Remembered]:
    return {
        key: Remembered(
            standing_a=memory.standing_a,
            last_limit_a=memory.last_limit_a,
            phases=memory.phases,
            switched_at=memory.switched_at,
            switches=memory.switches,
            strategy=memory.strategy or None,
        )
        for key, memory in memories.items()
    }


def _memory(steering: SiteSteering, key: EvseKey, now: datetime) -> EvseMemory:
    known = steering.memory(key)
    return EvseMemory(
        key=key,
        standing_a=known.standing_a,
        last_limit_a=known.last_limit_a,
        last_limit_at=now,
        phases=known.phases,
        switched_at=known.switched_at,
        switches=known.switches,
        strategy=known.strategy or {},
    )
