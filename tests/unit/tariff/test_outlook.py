"""What a kWh costs now and later, and what a running transaction costs so far."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from unit.tariff.tariffs import (
    FOUR_PERIODS,
    LISBON,
    always,
    energy,
    flat,
    market_energy,
    only,
    simple,
    tariff,
    version,
)
from unit.tariff.usages import local, steady

from csms.tariff.dynamic import MarketPoint, MarketPrices
from csms.tariff.model import Direction, Restrictions
from csms.tariff.outlook import mean_prices, price_spans, running_cost
from csms.tariff.pricing import Pricer
from csms.tariff.usage import Reading

MONDAY = local("2026-06-01 00:00", LISBON)
DAY = timedelta(days=1)


def test_a_summer_weekday_has_six_prices() -> None:
    spans = price_spans(Pricer(FOUR_PERIODS, LISBON), MONDAY, MONDAY + DAY)

    assert [(f"{each.start.astimezone(LISBON):%H:%M}", each.name) for each in spans] == [
        ("00:00", "Vazio 1"),
        ("02:00", "Super vazio"),
        ("06:00", "Vazio 2"),
        ("07:00", "Cheia 1"),
        ("09:15", "Ponta"),
        ("12:15", "Cheia 2"),
    ]
    assert spans[-1].end == MONDAY + DAY


def test_blocks_get_the_mean_of_their_prices() -> None:
    spans = price_spans(Pricer(FOUR_PERIODS, LISBON), MONDAY, MONDAY + DAY)
    hours = [MONDAY + timedelta(hours=hour) for hour in (8, 9, 10)]

    assert mean_prices(spans, hours) == [
        Decimal("0.227756"),
        (Decimal("0.227756") + 3 * Decimal("0.245102")) / 4,
    ]


def test_what_has_no_price_stays_without_one() -> None:
    later = tariff(version(always(energy("1")), valid_from=date(2026, 6, 2)))
    spans = price_spans(Pricer(later, LISBON), MONDAY, MONDAY + 2 * DAY)

    assert mean_prices(spans, [MONDAY, MONDAY + DAY, MONDAY + 2 * DAY]) == [None, Decimal(1)]


def test_solar_energy_earns_the_markets_export_price() -> None:
    of = replace(simple(always(market_energy("-0.01"))), direction=Direction.EXPORT)
    market = MarketPrices([MarketPoint(MONDAY, Decimal("0.20"), Decimal("0.05"))])

    (span,) = price_spans(Pricer(of, LISBON), MONDAY, MONDAY + timedelta(minutes=15), market)

    assert span.unit_price == Decimal("0.04")


def test_tiers_by_duration_come_as_the_transaction_goes_on() -> None:
    of = simple(
        only(Restrictions(max_duration_s=7200), energy("0.40"), name="First two hours"),
        always(energy("0.20"), name="Later"),
    )
    hour = timedelta(hours=1)

    spans = price_spans(Pricer(of, LISBON), MONDAY, MONDAY + 3 * hour, elapsed=hour)

    assert [(each.name, each.start) for each in spans] == [
        ("First two hours", MONDAY),
        ("Later", MONDAY + hour),
    ]


def test_a_running_transaction_costs_what_it_would_cost_if_it_ended_now() -> None:
    of = simple(
        only(Restrictions(max_kwh=Decimal(5)), energy("0.40", "25"), name="First"),
        always(energy("0.20", "25"), flat("1.00", "25"), name="Rest"),
    )
    pricer = Pricer(of, LISBON)
    half = replace(
        steady(MONDAY, 60, "8"),
        running=True,
        meter_stop_wh=None,
        energy_wh=Decimal(6000),
        ended_at=MONDAY + timedelta(minutes=50),
    )

    cost = running_cost(pricer, half)

    assert (cost.net, cost.gross, cost.complete) == (Decimal("3.20"), Decimal("4.00"), True)
    assert (cost.period, cost.unit_price) == ("Rest", Decimal("0.20"))


def test_time_without_a_reading_yet_does_not_change_what_was_read() -> None:
    usage = replace(steady(MONDAY, 60, "8"), running=True, meter_stop_wh=None)
    known = Reading(MONDAY + timedelta(minutes=45), Decimal(6000))
    later = replace(usage, energy_wh=known.register_wh, ended_at=MONDAY + timedelta(hours=3))
    pricer = Pricer(FOUR_PERIODS, LISBON)

    assert [line.name for line in pricer.price(later).lines] == ["Vazio 1"]
