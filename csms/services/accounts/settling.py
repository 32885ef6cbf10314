"""The final price of a transaction goes into the ledger: once, also after a crash.

An event says which transaction was priced; a sweep finds those whose event was lost. Which price is
in the ledger is written together with the entry, so that no repetition charges twice.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Final

from csms.clock import Clock
from csms.errors import DatabaseUnavailableError
from csms.events import Events, TransactionPriced
from csms.services.accounts.ports import AccountChargeStore

log = logging.getLogger(__name__)

WAITING: Final = 10_000
SWEEP_S: Final = 60.0
BREATH_S: Final = 0.2
"""Prices that come within this time are looked at together."""
AT_ONCE: Final = 500
MARGIN: Final = timedelta(minutes=10)
"""A price may be visible later than it says it was made."""


class Settling:
    def __init__(self, store: AccountChargeStore, events: Events, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._priced = events.subscribe(WAITING, TransactionPriced)
        self._swept_until: datetime | None = None

    async def run(self) -> None:
        """Settle until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._sweep_forever())

    async def _follow(self) -> None:
        async for burst in self._priced.bursts(BREATH_S, AT_ONCE):
            ended = [p for p in burst if isinstance(p, TransactionPriced) and not p.running]
            if not ended:
                continue
            try:
                for number in await self._store.due({each.transaction_id for each in ended}):
                    await self.settle(number)
            except DatabaseUnavailableError as error:
                log.warning("%d transactions are settled later: %s", len(ended), error)

    async def _sweep_forever(self) -> None:
        while True:
            try:
                await self.sweep()
            except DatabaseUnavailableError as error:
                log.warning("prices are settled later: %s", error)
            await asyncio.sleep(SWEEP_S)

    async def sweep(self) -> None:
        """Settle all that was priced since the last time; the first time, all there is."""
        begun_at = self._clock.now()
        after = 0
        while found := await self._store.unsettled(self._swept_until, after, AT_ONCE):
            for number in found:
                await self.settle(number)
            after = found[-1]
        self._swept_until = begun_at - MARGIN

    async def settle(self, transaction_id: int) -> None:
        """Settle one transaction."""
        settled = await self._store.settle(transaction_id, self._clock.now())
        if settled is None:
            return
        if settled.problem:
            log.error("transaction %d is not charged: %s", transaction_id, settled.problem)
        elif settled.account_id is not None and settled.amount:
            log.info(
                "transaction %d changed account %s by %s",
                transaction_id,
                settled.account_id,
                settled.amount,
            )
