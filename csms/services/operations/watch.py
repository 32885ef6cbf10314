"""What belongs to operations apart from any message of theirs: what follows from a boot."""

from __future__ import annotations

from typing import Final

from csms.events import ChargePointBooted, Events
from csms.metrics import Metrics
from csms.services.charge_points import ChargePointService
from csms.services.operations.book import OperationBook
from csms.services.rounds import Boundary

WAITING_BOOTS: Final = 20_000
"""All charge points of a server may boot at once after an outage."""


class OperationWatch:
    """A task of its own: no boot is answered later because somebody looks at its firmware."""

    def __init__(
        self,
        book: OperationBook,
        events: Events,
        charge_points: ChargePointService,
        metrics: Metrics,
    ) -> None:
        self._book = book
        self._charge_points = charge_points
        self._boots = events.subscribe(WAITING_BOOTS, ChargePointBooted)
        self._boundary = Boundary("firmware after boots", metrics)

    async def run(self) -> None:
        """Look at what boots, until cancelled."""
        async for boot in self._boots:
            charge_point = self._charge_points.live(boot.charge_point_id)
            if charge_point is not None:
                with self._boundary.survive(f"looking at {charge_point.id}"):
                    await self._book.booted(charge_point, boot.at)
