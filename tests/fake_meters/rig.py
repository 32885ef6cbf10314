"""Meters under test: configured, listened to, and asked how they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from csms.clock import SystemClock
from csms.events import Events
from csms.meters.registry import MeterConfig, MeterHealth, Meters
from csms.meters.secrets import SecretFiles
from csms.metrics import Metrics
from csms.services.load_management.ports import CircuitReading

PATIENCE_S = 10.0


@dataclass(slots=True)
class Rig:
    meters: Meters
    events: Events
    metrics: Metrics
    readings: asyncio.Queue[CircuitReading] = field(default_factory=asyncio.Queue)

    async def read(self, kind: str, settings: Mapping[str, Any], *, id_: str = "M1") -> None:
        """Configure one meter and no other."""
        await self.meters.configure([MeterConfig(id_, f"circuit of {id_}", kind, settings)])

    async def reading(
        self, wanted: Callable[[CircuitReading], bool] = lambda _: True
    ) -> CircuitReading:
        """Wait for a reading that is as it should be."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if wanted(reading := await self.readings.get()):
                    return reading

    async def until(self, wanted: Callable[[MeterHealth], bool], id_: str = "M1") -> MeterHealth:
        """Wait until a meter is as it should be."""
        async with asyncio.timeout(PATIENCE_S):
            while not wanted(health := self.health(id_)):
                await asyncio.sleep(0.01)
            return health

    def health(self, id_: str = "M1") -> MeterHealth:
        return next(each for each in self.meters.health() if each.meter_id == id_)

    def forget(self) -> None:
        """Drop the readings that came so far."""
        while not self.readings.empty():
            self.readings.get_nowait()


@asynccontextmanager
async def meter_rig(secrets: Path) -> AsyncIterator[Rig]:
    """Meters that come back quickly."""
    readings: asyncio.Queue[CircuitReading] = asyncio.Queue()
    events, metrics = Events(), Metrics()
    meters = Meters(
        readings.put_nowait,
        clock=SystemClock(),
        events=events,
        secrets=SecretFiles(secrets),
        metrics=metrics,
        first_retry_s=0.02,
        longest_retry_s=0.1,
    )
    try:
        yield Rig(meters, events, metrics, readings)
    finally:
        await meters.stop()
