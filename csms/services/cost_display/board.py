"""What answers to a transaction's events tell a driver of its cost, so far and at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, Protocol

from csms.errors import DatabaseUnavailableError
from csms.model import MeterValue
from csms.services.charge_point import ChargePoint
from csms.services.cost_display.displays import KnownDisplays
from csms.services.cost_display.pace import Pace
from csms.services.cost_display.wording import cents
from csms.services.pricing.records import PricedRecord
from csms.tariff.outlook import RunningCost

FINAL_WITHIN_S: Final = 2.0
"""The answer to the end of a transaction waits so long for its price, where it is shown."""


class FinalPrices(Protocol):
    """Who prices what ended."""

    async def price_now(self, transaction_id: int) -> PricedRecord | None:
        """Price a transaction that ended; None if there is none. DatabaseUnavailableError."""
        ...


class RunningPrices(Protocol):
    """Who follows what open transactions cost; never waits."""

    @property
    def anything_costs(self) -> bool:
        """Whether there is any tariff that counts."""
        ...

    def running_cost(self, transaction_id: int) -> RunningCost | None:
        """Return what a transaction cost when it was last worked out."""
        ...

    def cost_with(
        self, transaction_id: int, meter_values: Iterable[MeterValue]
    ) -> RunningCost | None:
        """Return what it costs with readings that have just come."""
        ...


class CostLimits(Protocol):
    """Who tells stations how much a transaction may cost."""

    def follows_cost(self, transaction_id: int) -> bool:
        """Whether a station needs costs to keep to such a limit."""
        ...


class CostBoard:
    """Answers handlers; without `prices` and `running` nothing is known."""

    def __init__(self, displays: KnownDisplays, pace: Pace) -> None:
        self.displays = displays
        self.pace = pace
        self.prices: FinalPrices | None = None
        self.running: RunningPrices | None = None
        self.limits: CostLimits | None = None

    def cost_so_far(
        self, charge_point: ChargePoint, transaction_id: int, meter_values: Iterable[MeterValue]
    ) -> Decimal | None:
        """Return what an open transaction costs by its latest readings, if it is to be shown.

        I02.FR.01. Nothing is worked out unless the transaction has a price and the charger is known
        to show it or has to keep to it (E16.FR.11), and nobody is waited for.
        """
        running = self.running
        if running is None or running.running_cost(transaction_id) is None:
            return None
        limits = self.limits
        is_followed = limits is not None and limits.follows_cost(transaction_id)
        if not is_followed and self.displays.at_hand(charge_point) is None:
            return None
        cost = running.cost_with(transaction_id, meter_values)
        if cost is None or not cost.complete:
            return None
        self.pace.told(transaction_id)
        return cents(cost.gross)

    async def final_cost(self, charge_point: ChargePoint, transaction_id: int) -> Decimal | None:
        """Return what an ended transaction costs, if it is to be shown and known in time.

        I03.FR.02, I03.FR.04: a free one costs 0; what is not known is not told.
        """
        display = None if self.prices is None else await self.displays.of(charge_point)
        if self.prices is None or display is None:
            return None
        if display.answers_only and (self.running is None or not self.running.anything_costs):
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
