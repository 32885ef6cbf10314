"""Looks ahead for one site, now and then and soon after something changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from csms.clock import Clock
from csms.errors import DatabaseUnavailableError
from csms.metrics import Metrics
from csms.services.charge_point import ChargePoint
from csms.services.load_management.ports import LoadManagementStore
from csms.services.rounds import Rounds
from csms.smart_charging.look_ahead import Expectations
from csms.smart_charging.steering import SiteSteering

log = logging.getLogger(__name__)

EVERY_S: Final = 300.0
DEBOUNCE_S: Final = 10.0
"""Changes within this time share a plan."""


class SitePlanner:
    """Plans in a thread of its own, so that no limit waits for it."""

    def __init__(
        self,
        site_id: str,
        store: LoadManagementStore,
        live: Callable[[str], ChargePoint | None],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._site_id = site_id
        self._store = store
        self._live = live
        self._clock = clock
        self._metrics = metrics
        self._rounds: Rounds | None = None
        self._expected = Expectations()

    def changed(self) -> None:
        """A car came or left, a need or a price is new."""
        if self._rounds is not None:
            self._rounds.ring()

    async def run(self, steering: SiteSteering, decide: Callable[[], None]) -> None:
        """Plan until cancelled; `decide` is called when there is a new plan."""

        async def plan() -> None:
            await self._plan(steering)
            decide()

        self._rounds = Rounds(
            "plans", plan, self._metrics, every_s=EVERY_S, first_s=0.0, settle_s=DEBOUNCE_S
        )
        await self._rounds.run()

    async def _plan(self, steering: SiteSteering) -> None:
        now = self._clock.now()
        try:
            self._expected = await self._store.expectations(self._site_id, now)
        except DatabaseUnavailableError as error:
            log.warning("site %s is planned with what was known: %s", self._site_id, error)
        planning = steering.planning(self._delivered(steering), self._expected, now)
        if planning is None:
            steering.use_plan({}, None)
            return
        with self._metrics.load_plan_seconds.time():
            bounds = await asyncio.to_thread(planning.solve)
        if bounds is None:
            log.warning("site %s: no plan in time; fair shares rule alone", self._site_id)
        steering.use_plan(bounds or {}, planning.until)

    def _delivered(self, steering: SiteSteering) -> dict[int, float]:
        delivered: dict[int, float] = {}
        for identity in steering.charge_points:
            charge_point = self._live(identity)
            if charge_point is not None:
                for number, transaction in charge_point.open_transactions.items():
                    delivered[number] = float(transaction.energy_wh or 0)
        return delivered
