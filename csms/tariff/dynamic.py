"""Prices of the day-ahead market, in quarters of an hour."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from csms.tariff.model import Direction
from csms.tariff.series import Series

QUARTER: Final = timedelta(minutes=15)


class MarketPoint(NamedTuple):
    """What the market asks for a kWh from a moment on, and pays for one."""

    starts_at: datetime
    import_per_kwh: Decimal
    export_per_kwh: Decimal | None = None
    """None: the same."""

    def price(self, direction: Direction) -> Decimal:
        """Return what counts for a tariff's direction."""
        if direction is Direction.EXPORT and self.export_per_kwh is not None:
            return self.export_per_kwh
        return self.import_per_kwh


class MarketPrices(Series[MarketPoint]):
    """Market prices of one region."""

    def __init__(self, points: Iterable[MarketPoint], resolution: timedelta = QUARTER) -> None:
        """Of two points for the same time the later one given counts."""
        super().__init__({point.starts_at: point for point in points}, resolution)

    def price_at(self, moment: datetime, direction: Direction) -> Decimal | None:
        """Return the price at a moment; None if there is none."""
        point = self.at(moment)
        return None if point is None else point.price(direction)


NO_MARKET: Final = MarketPrices(())
"""For tariffs that follow no market."""
