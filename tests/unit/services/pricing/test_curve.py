"""The prices that smart charging plans with, as a site's tariffs have them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from unit.tariff.tariffs import FOUR_PERIODS, LISBON, always, market_energy, simple

from csms.services.pricing.curve import site_curve
from csms.smart_charging.look_ahead import PricePoint
from csms.tariff.assignment import Assignment, Circumstances, Scope
from csms.tariff.dynamic import NO_MARKET, MarketPoint, MarketPrices
from csms.tariff.model import Direction, Tariff

NOW = datetime(2025, 6, 2, 7, 52, tzinfo=UTC)


def curve(
    *tariffs: Tariff, market: MarketPrices = NO_MARKET, hours: float = 1
) -> list[PricePoint] | None:
    return site_curve(
        Circumstances(NOW, "garage", ""),
        [Assignment(tariff.id, Scope.SITE, "garage") for tariff in tariffs],
        {tariff.id: tariff for tariff in tariffs},
        LISBON,
        market,
        NOW + timedelta(hours=hours),
    )


def test_the_curve_is_the_tariff_s_by_quarters_of_an_hour() -> None:
    points = curve(FOUR_PERIODS)
    assert points is not None
    assert [(f"{point.starts_at:%H:%M}", point.price) for point in points] == [
        ("07:45", 0.227756),  # 08:45 in Lisbon
        ("08:00", 0.227756),
        ("08:15", 0.245102),
        ("08:30", 0.245102),
    ]


def test_a_market_tariff_has_prices_as_far_as_the_market_has() -> None:
    quarter = datetime(2025, 6, 2, 7, 45, tzinfo=UTC)
    market = MarketPrices([MarketPoint(quarter, Decimal("0.08"), Decimal("0.05"))])
    assert curve(simple(always(market_energy("0.06"))), market=market) == [
        PricePoint(starts_at=quarter, price=0.14, export_price=0.05)
    ]


def test_energy_into_the_grid_earns_what_the_tariff_for_it_says() -> None:
    feed_in = simple(always(market_energy("-0.01")))
    feed_in = replace(feed_in, id="feed-in", direction=Direction.EXPORT)
    quarter = datetime(2025, 6, 2, 7, 45, tzinfo=UTC)
    market = MarketPrices([MarketPoint(quarter, Decimal("0.08"), Decimal("0.05"))])
    points = curve(FOUR_PERIODS, feed_in, market=market)
    assert points is not None
    assert [point.export_price for point in points] == [0.04, 0.0, 0.0, 0.0]


def test_without_a_tariff_of_its_own_the_site_s_prices_count() -> None:
    assert curve() is None
    assert curve(replace(FOUR_PERIODS, direction=Direction.EXPORT)) is None
