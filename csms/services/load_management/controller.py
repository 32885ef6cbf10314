"""All sites of this node: which are steered here, and what happens at each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Final

from csms.clock import Clock
from csms.errors import DatabaseUnavailableError
from csms.events import Events
from csms.metrics import Metrics
from csms.services.charge_points import ChargePointService
from csms.services.charging_reports import CarSchedule
from csms.services.commanding import CommandService
from csms.services.load_management import facts
from csms.services.load_management.dispatch import Dispatch
from csms.services.load_management.handing_back import hand_back
from csms.services.load_management.keeper import Keeper
from csms.services.load_management.models import ModelKnowledge
from csms.services.load_management.ports import CircuitReading, LoadManagementStore
from csms.services.load_management.runner import SiteRunner, World
from csms.services.load_management.views import SiteView
from csms.services.rounds import Boundary, Rounds
from csms.smart_charging.grid import EvseKey
from csms.smart_charging.steered_evse import HeldDown

log = logging.getLogger(__name__)

WAITING_EVENTS: Final = 100_000
LOOK_S: Final = 1.0
"""How often changes of installations are looked for."""
RESTART_S: Final = 5.0
"""Pause before a site whose steering failed is steered again, from what is known for sure."""


class LoadManagement:
    """Steers the sites whose lock this node holds."""

    def __init__(
        self,
        store: LoadManagementStore,
        events: Events,
        charge_points: ChargePointService,
        commands: CommandService,
        clock: Clock,
        metrics: Metrics,
        *,
        call_timeout_s: float,
    ) -> None:
        self._store = store
        self._charge_points = charge_points
        self._keeper = Keeper(store, metrics)
        self._metrics = metrics
        self._events = events
        self._clock = clock
        self._world = World(
            store=store,
            keeper=self._keeper,
            dispatch=Dispatch(commands, call_timeout_s),
            models=ModelKnowledge(store, commands),
            live=charge_points.live,
            is_connected=charge_points.is_connected,
            hand_back=partial(hand_back, commands),
            clock=clock,
            metrics=metrics,
        )
        self._runners: dict[str, SiteRunner] = {}
        self._by_charge_point: dict[str, list[SiteRunner]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._helpers: list[asyncio.Task[None]] = []
        self._is_watching = False
        self.on_installations: Callable[[], None] | None = None
        """Called when this node steers other sites than before, or one was installed anew."""
        self._looks = Rounds("sites", self._watch_sites, metrics, every_s=LOOK_S, first_s=0.0)
        self._boundary = Boundary("load management events", metrics)

    async def start(self) -> None:
        self._helpers = [
            asyncio.create_task(self._keeper.run(), name="load management keeper"),
            asyncio.create_task(self._looks.run(), name="load management sites"),
        ]

    async def stop(self) -> None:
        """Stop steering; what chargers hold brings them to their safe limits by itself."""
        tasks = [*self._helpers, *self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self._keeper.flush()
        except DatabaseUnavailableError as error:
            log.warning("what load management knew last is not kept: %s", error)

    def reading(self, reading: CircuitReading) -> None:
        """Take a meter reading, from whatever source."""
        runner = self._runner_at(reading.circuit_id)
        if runner is not None:
            runner.read(reading)

    def is_ours(self, circuit_id: str) -> bool:
        """Whether a circuit belongs to a site that this node steers."""
        return self._runner_at(circuit_id) is not None

    def _runner_at(self, circuit_id: str) -> SiteRunner | None:
        for runner in self._runners.values():
            if runner.steering is not None and circuit_id in runner.steering.circuits:
                return runner
        return None

    def allocation(self, site_id: str) -> SiteView | None:
        """Return how a site is steered, None if this node doesn't steer it."""
        runner = self._runners.get(site_id)
        if runner is None or runner.steering is None:
            return None
        now = self._clock.now()
        return SiteView(
            site_id=site_id,
            at=now,
            circuits=runner.steering.circuit_statuses(now),
            evses=runner.steering.evse_statuses(now),
        )

    def hold_down(self, site_id: str, key: EvseKey, hold: HeldDown | None) -> None:
        """Give an EVSE less for a while, for the check of a meter; None: as usual again."""
        runner = self._runners.get(site_id)
        if runner is not None:
            runner.hold_down(key, hold)

    def withhold(
        self, charge_point_id: str, evse_id: int, transaction_id: int, reason: str
    ) -> bool:
        """Give a transaction nothing more; False if its EVSE isn't steered here."""
        return any(
            runner.withhold(
                EvseKey(runner.spelling(charge_point_id), evse_id), transaction_id, reason
            )
            for runner in self._of(charge_point_id)
        )

    def is_steered(self, charge_point_id: str, evse_id: int) -> bool:
        """Whether an EVSE (0: any of the charge point) gets its limits from here."""
        return any(
            evse_id in (0, key.evse_id)
            for runner in self._of(charge_point_id)
            if runner.steering is not None
            for key in runner.steering.evses_of(runner.spelling(charge_point_id))
        )

    def will_plan(self, charge_point_id: str, evse_id: int) -> bool:
        """Whether a charging profile follows what a car said that it needs (K15.FR.07)."""
        return self.is_steered(charge_point_id, evse_id)

    def keeps_within(self, charge_point_id: str, meant: CarSchedule) -> bool:
        """Whether a car means to draw no more than it may; else it is told again (K15.FR.12)."""
        return all(
            runner.keeps_within(EvseKey(runner.spelling(charge_point_id), meant.evse_id), meant)
            for runner in self._of(charge_point_id)
        )

    def _of(self, charge_point_id: str) -> list[SiteRunner]:
        return self._by_charge_point.get(charge_point_id.casefold(), [])

    def _index(self) -> None:
        """Note whose charge points are whose; an EVSE belongs to one site, a station may not."""
        self._by_charge_point.clear()
        for runner in self._runners.values():
            if runner.steering is not None:
                for identity in runner.steering.charge_points:
                    self._by_charge_point.setdefault(identity.casefold(), []).append(runner)
        if self.on_installations is not None:
            self.on_installations()

    async def _watch_events(self) -> None:
        """Follow what happens, from the first site that there is: before, nobody need tell."""
        watched = self._events.subscribe(WAITING_EVENTS, *facts.WATCHED)
        lost = 0
        async for event in watched:
            if watched.lost > lost:
                self._metrics.events_lost.inc(watched.lost - lost)
                lost = watched.lost
                for runner in self._runners.values():
                    runner.take_stock()
            for runner in self._of(event.charge_point_id):
                with self._boundary.survive(f"what happened at {event.charge_point_id}"):
                    runner.happened(event)

    async def _watch_sites(self) -> None:
        versions = await self._store.site_versions()
        self._metrics.load_sites.set(
            sum(runner.steering is not None for runner in self._runners.values())
        )
        for site_id, version in versions.items():
            runner = self._runners.get(site_id)
            if runner is None:
                self._begin(site_id)
            elif runner.steering is not None and runner.version != version:
                runner.installation_changed()
        for site_id in self._runners.keys() - versions.keys():
            self._end(site_id)

    def _begin(self, site_id: str) -> None:
        if not self._is_watching:
            self._is_watching = True
            self._helpers.append(
                asyncio.create_task(self._watch_events(), name="load management events")
            )
        self._runners[site_id] = runner = SiteRunner(site_id, self._world, self._index)
        self._tasks[site_id] = asyncio.create_task(
            self._run(runner), name=f"load management of {site_id}"
        )

    def _end(self, site_id: str) -> None:
        del self._runners[site_id]
        self._tasks.pop(site_id).cancel()
        self._index()

    async def _run(self, runner: SiteRunner) -> None:
        """Steer a site, and again should its steering ever fail: other sites don't notice."""
        while True:
            try:
                await runner.run()
            except Exception:
                log.exception("steering site %s failed; it starts anew", runner.site_id)
                self._metrics.load_failures.inc()
                runner.steering = None
                await asyncio.sleep(RESTART_S)
            else:
                if self._runners.get(runner.site_id) is runner:
                    self._end(runner.site_id)
                return
