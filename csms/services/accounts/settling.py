"""The final price of a transaction goes into the ledger: once, also after a crash.

An event says which transaction was priced; a sweep finds those whose event was lost. Which price is
in the ledger is written together with the entry, so that no repetition charges twice.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from csms.clock import Clock
from csms.errors import DatabaseUnavailableError
from csms.events import Events, TransactionPriced
from csms.metrics import Metrics
from csms.services.accounts.ports import AccountChargeStore
from csms.services.rounds import Boundary

log = logging.getLogger(__name__)

WAITING: Final = 10_000
SWEEP_S: Final = 60.0
BREATH_S: Final = 0.2
"""Prices that come within this time are looked at together."""
AT_ONCE: Final = 500
MARGIN: Final = timedelta(minutes=10)
"""A price may be visible later than it says it was made."""


class Settling:
    """`run` settles what is priced; `sweep` is to be called now and then."""

    def __init__(
        self, store: AccountChargeStore, events: Events, clock: Clock, metrics: Metrics
    ) -> None:
        self._store = store
        self._clock = clock
        self._boundary = Boundary("settling", metrics)
        self._priced = events.subscribe(WAITING, TransactionPriced)
        self._swept_until: datetime | None = None

    async def run(self) -> None:
        """Settle what is priced from now on, until cancelled."""
        async for burst in self._priced.bursts(BREATH_S, AT_ONCE):
            priced = [each for each in burst if isinstance(each, TransactionPriced)]
            ended = {each.transaction_id for each in priced if not each.running}
            if ended:
                with self._boundary.survive(f"{len(ended)} transactions"):
                    await self._settle_all(await self._store.due(ended))

    async def sweep(self) -> None:
        """Settle all that was priced since the last time; the first time, all there is.

        Raises DatabaseUnavailableError.
        """
        begun_at = self._clock.now()
        after = 0
        went_well = True
        while found := await self._store.unsettled(self._swept_until, after, AT_ONCE):
            went_well &= await self._settle_all(found)
            after = found[-1]
        if went_well:
            self._swept_until = begun_at - MARGIN

    async def _settle_all(self, transaction_ids: Sequence[int]) -> bool:
        """Settle transactions, each for itself; returns whether all went well."""
        went_well = True
        for number in transaction_ids:
            try:
                await self.settle(number)
            except DatabaseUnavailableError:
                raise
            except Exception:  # the others must not wait for it
                log.exception("transaction %d is not settled", number)
                self._boundary.count()
                went_well = False
        return went_well

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
