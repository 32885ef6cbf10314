"""Writes what steering must remember, behind its back: the database may be slow or away."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from csms.errors import DatabaseUnavailableError, RecordRefusedError
from csms.metrics import Metrics
from csms.services.load_management.ports import (
    CircuitReading,
    EvseMemory,
    LoadAlarm,
    LoadManagementStore,
    PhaseSwitch,
    WithheldEnergy,
)
from csms.services.rounds import Rounds
from csms.smart_charging.grid import EvseKey
from csms.smart_charging.wishes import ChargingNeed

log = logging.getLogger(__name__)

RETRY_S: Final = 2.0
MAX_NEWS: Final = 10_000
"""Alarms, switches and needs that wait for the database; the oldest go first."""


class Keeper:
    """Keeps the latest of each EVSE and circuit, and all news in order."""

    def __init__(self, store: LoadManagementStore, metrics: Metrics) -> None:
        self._store = store
        self._memories: dict[EvseKey, EvseMemory] = {}
        self._kept: dict[EvseKey, EvseMemory] = {}
        self._urgent: dict[EvseKey, EvseMemory] = {}
        """What somebody waits for; all that waits is written together."""
        self._readings: dict[str, CircuitReading] = {}
        self._news: deque[Callable[[], Awaitable[None]]] = deque(maxlen=MAX_NEWS)
        self._rounds = Rounds("load management keeper", self.flush, metrics, every_s=RETRY_S)
        self._remembering = asyncio.Lock()
        """What is remembered of an EVSE later must be written later, too."""

    def remember(self, memory: EvseMemory) -> None:
        """Keep it soon; it allows no more than what is kept already."""
        self._memories[memory.key] = memory
        self._rounds.ring()

    def must_wait_for(self, memory: EvseMemory) -> bool:
        """Whether a charger may hold more than is durably known of it."""
        kept = self._kept.get(memory.key)
        return kept is None or any(
            (new is None) != (old is None) or (new or 0.0) > (old or 0.0)
            for new, old in (
                (memory.standing_a, kept.standing_a),
                (memory.last_limit_a, kept.last_limit_a),
            )
        )

    async def remember_now(self, memory: EvseMemory) -> None:
        """Keep it before this returns. Raises DatabaseUnavailableError."""
        self._urgent[memory.key] = memory
        try:
            async with self._remembering:
                if self._kept.get(memory.key) is not memory:
                    await self._keep_urgent({memory.key: memory})
        finally:
            if self._urgent.get(memory.key) is memory:
                del self._urgent[memory.key]

    async def _keep_urgent(self, mine: dict[EvseKey, EvseMemory]) -> None:
        """Write it with all others that are waited for."""
        memories = self._urgent | mine
        await self._store.remember(list(memories.values()))
        self._kept |= memories
        for key in memories:
            self._memories.pop(key, None)

    def reading(self, reading: CircuitReading) -> None:
        self._readings[reading.circuit_id] = reading
        self._rounds.ring()

    def raise_alarm(self, alarm: LoadAlarm) -> None:
        self._tell(lambda: self._store.raise_alarm(alarm))

    def clear_alarm(self, site_id: str, kind: str, subject: str, at: datetime) -> None:
        self._tell(lambda: self._store.clear_alarm(site_id, kind, subject, at))

    def log_switch(self, switch: PhaseSwitch) -> None:
        self._tell(lambda: self._store.log_switch(switch))

    def log_withheld(self, news: WithheldEnergy) -> None:
        self._tell(lambda: self._store.log_withheld(news))

    def need(self, transaction_id: int, need: ChargingNeed) -> None:
        self._tell(lambda: self._store.keep_need(transaction_id, need))

    def _tell(self, news: Callable[[], Awaitable[None]]) -> None:
        self._news.append(news)
        self._rounds.ring()

    async def run(self) -> None:
        """Write until cancelled; what waits while the database is away is written later."""
        await self._rounds.run()

    async def flush(self) -> None:
        """Write all that waits; raises DatabaseUnavailableError and keeps what it couldn't."""
        while self._news:
            try:
                await self._news[0]()
            except RecordRefusedError as error:
                log.warning("an alarm, switch or need could not be kept: %s", error)
            except DatabaseUnavailableError:
                raise
            except Exception:  # what can't be written holds up nothing else
                self._news.popleft()
                raise
            self._news.popleft()
        async with self._remembering:
            await self._flush_memories()
        if readings := self._readings:
            self._readings = {}
            await self._store.keep_readings(list(readings.values()))

    async def _flush_memories(self) -> None:
        memories, self._memories = self._memories, {}
        if not memories:
            return
        try:
            await self._store.remember(list(memories.values()))
        except DatabaseUnavailableError:
            self._memories = memories | self._memories
            raise
        self._kept |= memories
