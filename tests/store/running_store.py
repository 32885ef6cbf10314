"""A writer and the live verbs on a real database, for the tests of the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from csms.metrics import Metrics
from csms.store.database import Database
from csms.store.live import IdTokens, LiveStore
from csms.store.log_allowance import LogAllowance
from csms.store.message_log import MessageLogWriter
from csms.store.writer import BatchWriter


@dataclass
class RunningStore:
    database: Database
    metrics: Metrics
    writer: BatchWriter
    message_log: MessageLogWriter
    live: LiveStore
    id_tokens: IdTokens

    async def rows(self, query: str, *parameters: object) -> list[dict[str, Any]]:
        async with self.database.raw() as connection:
            return [dict(row) for row in await connection.fetch(query, *parameters)]

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def running_store(
    url: str, *, log_chars_per_day: int = 50_000_000
) -> AsyncIterator[RunningStore]:
    database, metrics = Database(url), Metrics()
    message_log = MessageLogWriter(database, metrics, LogAllowance(log_chars_per_day))
    writer = BatchWriter(database, metrics, message_log)
    await message_log.start()
    await writer.start()
    try:
        live = LiveStore(database, max_plausible_power_w=500_000)
        yield RunningStore(database, metrics, writer, message_log, live, IdTokens(database))
    finally:
        await writer.stop()
        await message_log.stop()
        await database.close()
