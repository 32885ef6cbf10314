"""How vendors' messages are answered: asked for each of them, so remembered for a moment."""

from __future__ import annotations

from typing import Final

import orjson

from csms.clock import Clock
from csms.services.data_transfer import DataTransferRule
from csms.store.database import Database

MAX_RULES: Final = 1000
REMEMBERED_S: Final = 2.0
_ALL: Final = "SELECT * FROM data_transfer_rules LIMIT $1"


class StoredRules:
    """Implements DataTransferRules of csms.services.data_transfer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[str, DataTransferRule] = {}
        self._until = 0.0

    async def find(self, vendor_id: str) -> DataTransferRule | None:
        if self._clock.monotonic() >= self._until:
            self._known = await self._load()
            self._until = self._clock.monotonic() + REMEMBERED_S
        return self._known.get(vendor_id.casefold())

    async def _load(self) -> dict[str, DataTransferRule]:
        async with self._database.raw() as connection:
            rows = await connection.fetch(_ALL, MAX_RULES)
        return {
            row["vendor_id"]: DataTransferRule(
                row["status"],
                None if row["data"] is None else orjson.loads(row["data"]),
                frozenset(row["message_ids"]),
            )
            for row in rows
        }
