"""What a kWh costs and earns at a site in the hours to come, for smart charging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from csms.services.pricing.choosing import for_direction
from csms.smart_charging.look_ahead import PricePoint
from csms.tariff.assignment import Assignment, Circumstances, choose
from csms.tariff.dynamic import QUARTER, MarketPrices
from csms.tariff.model import Direction, Tariff
from csms.tariff.outlook import mean_prices, price_spans
from csms.tariff.pricing import Pricer

EPOCH: Final = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def site_curve(
    circumstances: Circumstances,
    assignments: Sequence[Assignment],
    tariffs: Mapping[str, Tariff],
    zone: ZoneInfo,
    market: MarketPrices,
    until: datetime,
) -> list[PricePoint] | None:
    """Return prices by quarter hours from now on, as the site's tariffs have them.

    None if no tariff for energy from the grid is assigned to the site. A quarter hour without a
    price is left out. What energy into the grid earns is said by a tariff for that, else by the
    market.
    """
    now = circumstances.started_at
    start = now - (now - EPOCH) % QUARTER
    borders = [start + QUARTER * n for n in range((until - start) // QUARTER + 1)]
    bought = _pricer(circumstances, assignments, tariffs, zone, Direction.IMPORT)
    if bought is None or len(borders) < 2:
        return None
    prices = _means(bought, borders, market)
    sold = _pricer(circumstances, assignments, tariffs, zone, Direction.EXPORT)
    earned = None if sold is None else _means(sold, borders, market)
    points: list[PricePoint] = []
    for number, price in enumerate(prices):
        if price is None:
            continue
        gain = _market_gain(market, borders[number]) if earned is None else earned[number]
        points.append(PricePoint(starts_at=borders[number], price=price, export_price=gain or 0.0))
    return points


def _pricer(
    circumstances: Circumstances,
    assignments: Sequence[Assignment],
    tariffs: Mapping[str, Tariff],
    zone: ZoneInfo,
    direction: Direction,
) -> Pricer | None:
    choice = choose(for_direction(assignments, tariffs, direction), circumstances)
    return None if choice.tariff_id is None else Pricer(tariffs[choice.tariff_id], zone)


def _means(pricer: Pricer, borders: Sequence[datetime], market: MarketPrices) -> list[float | None]:
    spans = price_spans(pricer, borders[0], borders[-1], market, elapsed=timedelta())
    return [None if mean is None else float(mean) for mean in mean_prices(spans, borders)]


def _market_gain(market: MarketPrices, at: datetime) -> float | None:
    point = market.at(at)
    if point is None or point.export_per_kwh is None:
        return None
    return float(point.export_per_kwh)
