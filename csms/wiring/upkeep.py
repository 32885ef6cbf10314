"""What has to be done now and then, apart from any message."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from csms.clock import Clock
from csms.config import Settings
from csms.errors import DatabaseUnavailableError
from csms.metrics import Metrics
from csms.services.services import Services
from csms.services.site_power import SitePower
from csms.store.database import Database
from csms.store.partitions import Retention, keep_house_forever

log = logging.getLogger(__name__)

FLUSH_S: Final = 10.0
SWEEP_S: Final = 30.0
SITE_POWER_S: Final = 5.0
DATABASE_CHECK_S: Final = 10.0


class Upkeep:
    """Saves running figures, forgets departed charge points, watches the database, keeps house."""

    def __init__(
        self,
        database: Database,
        services: Services,
        metrics: Metrics,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._database_up = metrics.database_up
        self._site_power = SitePower(services.charge_points, metrics)
        self._database = database
        self._services = services
        self._retention = Retention(
            meter_values_days=settings.meter_values_days,
            message_log_days=settings.message_log_days,
            history_days=settings.history_days,
        )
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        for name, job in (
            ("flush", _every(FLUSH_S, self._services.transactions.flush)),
            ("sweep", _every(SWEEP_S, self._services.charge_points.sweep)),
            ("site power", _every(SITE_POWER_S, self._site_power.measure)),
            ("database health", self._watch_database()),
            ("housekeeping", keep_house_forever(self._database, self._retention, self._clock)),
        ):
            self._tasks.append(asyncio.create_task(job, name=name))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._services.transactions.flush()

    async def _watch_database(self) -> None:
        """Notice an outage also while nothing is written; say when it begins and ends."""
        is_away = False
        while True:
            try:
                await self._database.ping()
            except DatabaseUnavailableError as error:
                self._database_up.set(0)
                if not is_away:
                    log.warning("%s", error)
                is_away = True
            else:
                self._database_up.set(1)
                if is_away:
                    log.info("the database answers again")
                is_away = False
            await asyncio.sleep(DATABASE_CHECK_S)


async def _every(interval_s: float, action: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(interval_s)
        action()
