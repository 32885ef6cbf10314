"""Prices of the day-ahead market, in quarters of an hour, and what a tariff makes of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from csms.tariff.model import Direction

QUARTER: Final = timedelta(minutes=15)


class MarketPoint(NamedTuple):
    """What the market asks for a kWh from a moment on, and pays for one."""

    starts_at: datetime
    import_per_kwh: Decimal
    export_per_kwh: Decimal | None = None
    """None: the same."""


class MarketPrices:
    """A series of market prices. Each counts for its own time only: a missing one stays missing."""

    def __init__(self, points: Iterable[MarketPoint], resolution: timedelta = QUARTER) -> None:
        """Of two points for the same time the later one given counts."""
        by_start = {point.starts_at: point for point in points}
        self._points = [by_start[start] for start in sorted(by_start)]
        self._starts = [point.starts_at for point in self._points]
        self._resolution = resolution

    def at(self, moment: datetime, direction: Direction = Direction.IMPORT) -> Decimal | None:
        """Return the price at a moment; None if there is none."""
        index = bisect_right(self._starts, moment) - 1
        if index < 0 or moment >= self._starts[index] + self._resolution:
            return None
        point = self._points[index]
        if direction is Direction.EXPORT and point.export_per_kwh is not None:
            return point.export_per_kwh
        return point.import_per_kwh

    def between(self, start: datetime, end: datetime) -> tuple[MarketPoint, ...]:
        """Return the points that count at any moment between two, both included."""
        first = bisect_right(self._starts, start - self._resolution)
        return tuple(self._points[first : bisect_right(self._starts, end)])

    def borders(self, start: datetime, end: datetime) -> list[datetime]:
        """Return all moments between two at which the price may change."""
        first = bisect_left(self._starts, start - self._resolution)
        last = bisect_left(self._starts, end)
        starts = self._starts[first:last]
        borders = {*starts, *(each + self._resolution for each in starts)}
        return sorted(each for each in borders if start < each < end)


NO_MARKET: Final = MarketPrices(())
"""For tariffs that follow no market."""
