"""What belongs to operations apart from any message of theirs: boots, and time that passes."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from csms.errors import DatabaseUnavailableError
from csms.events import ChargePointBooted, Events
from csms.services.charge_points import ChargePointService
from csms.services.operations.book import OperationBook

logger = logging.getLogger(__name__)

EXPIRE_EVERY_S: Final = 10.0
WAITING_BOOTS: Final = 20_000
"""All charge points of a server may boot at once after an outage."""


class OperationWatch:
    """Two tasks: no boot is answered later because somebody looks at its firmware."""

    def __init__(
        self, book: OperationBook, events: Events, charge_points: ChargePointService
    ) -> None:
        self._book = book
        self._charge_points = charge_points
        self._boots = events.subscribe(WAITING_BOOTS, ChargePointBooted)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._watch_boots(), name="firmware after boots"),
            asyncio.create_task(self._expire(), name="overdue operations"),
        ]

    async def stop(self) -> None:
        self._boots.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watch_boots(self) -> None:
        async for boot in self._boots:
            charge_point = self._charge_points.live(boot.charge_point_id)
            if charge_point is None:
                continue
            try:
                await self._book.booted(charge_point, boot.at)
            except DatabaseUnavailableError as error:
                logger.warning("the firmware of %s was not looked at: %s", charge_point.id, error)
            except Exception:
                logger.exception("looking at the firmware of %s failed", charge_point.id)

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(EXPIRE_EVERY_S)
            try:
                await self._book.expire()
            except DatabaseUnavailableError as error:
                logger.debug("overdue operations have to wait: %s", error)
            except Exception:
                logger.exception("closing overdue operations failed")
