"""The latest cost of each transaction, and who waits for the final one."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from decimal import Decimal
from typing import Final

from csms.events import Events, TransactionPriced
from csms.services.charge_point import ChargePoint
from csms.services.cost_display.displays import KnownDisplays
from csms.services.cost_display.wording import cents

REMEMBERED: Final = 10_000
FINAL_WITHIN_S: Final = 0.5
"""An answer to the end of a transaction waits so long for its price, where it is shown."""


class CostBoard:
    """Answers handlers: what is a driver told of a transaction's cost?"""

    def __init__(self, events: Events, displays: KnownDisplays) -> None:
        self.displays = displays
        self._priced = events.subscribe(REMEMBERED, TransactionPriced)
        self._final: OrderedDict[int, TransactionPriced] = OrderedDict()
        self._waiting: dict[int, asyncio.Future[TransactionPriced]] = {}

    async def run(self) -> None:
        """Take notice of final prices until cancelled."""
        async for priced in self._priced:
            if isinstance(priced, TransactionPriced) and not priced.running:
                self._take(priced)

    async def final_cost(self, charge_point: ChargePoint, transaction_id: int) -> Decimal | None:
        """Return what an ended transaction costs, if it is to be shown and known in time.

        I03.FR.02, I03.FR.04: a free one costs 0; what is not known is not told.
        """
        if await self.displays.of(charge_point) is None:
            return None
        priced = self._final.get(transaction_id)
        if priced is None:
            priced = await self._wait(transaction_id)
        return None if priced is None or priced.gross is None else cents(priced.gross)

    def changed(self) -> None:
        """The operator changed which chargers show costs."""
        self.displays.forget()

    async def _wait(self, transaction_id: int) -> TransactionPriced | None:
        known = self._waiting.get(transaction_id)
        waiting = known or asyncio.get_running_loop().create_future()
        self._waiting[transaction_id] = waiting
        try:
            async with asyncio.timeout(FINAL_WITHIN_S):
                return await asyncio.shield(waiting)
        except TimeoutError:
            return None
        finally:
            self._waiting.pop(transaction_id, None)

    def _take(self, priced: TransactionPriced) -> None:
        number = priced.transaction_id
        self._final[number] = priced
        self._final.move_to_end(number)
        if len(self._final) > REMEMBERED:
            self._final.popitem(last=False)
        waiting = self._waiting.get(number)
        if waiting is not None and not waiting.done():
            waiting.set_result(priced)
