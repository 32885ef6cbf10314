"""What a driver is told at the end of a transaction."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Final, Protocol

from csms.errors import DatabaseUnavailableError
from csms.services.charge_point import ChargePoint
from csms.services.cost_display.displays import KnownDisplays
from csms.services.cost_display.wording import cents
from csms.services.pricing.records import PricedRecord

FINAL_WITHIN_S: Final = 2.0
"""The answer to the end of a transaction waits so long for its price, where it is shown."""


class FinalPrices(Protocol):
    """Who prices what ended."""

    async def price_now(self, transaction_id: int) -> PricedRecord | None:
        """Price a transaction that ended; None if there is none. DatabaseUnavailableError."""
        ...


class CostBoard:
    """Answers handlers; without `prices` nothing is known."""

    def __init__(self, displays: KnownDisplays) -> None:
        self.displays = displays
        self.prices: FinalPrices | None = None

    async def final_cost(self, charge_point: ChargePoint, transaction_id: int) -> Decimal | None:
        """Return what an ended transaction costs, if it is to be shown and known in time.

        I03.FR.02, I03.FR.04: a free one costs 0; what is not known is not told.
        """
        if self.prices is None or await self.displays.of(charge_point) is None:
            return None
        try:
            async with asyncio.timeout(FINAL_WITHIN_S):
                record = await self.prices.price_now(transaction_id)
        except (TimeoutError, DatabaseUnavailableError):
            return None
        gross = None if record is None else record.priced.bill.gross
        return None if gross is None else cents(gross)

    def changed(self) -> None:
        """The operator changed which chargers show costs."""
        self.displays.forget()
