"""How long it takes to price transactions, under tariffs of several kinds.

    python -m benchmarks --only pricing

Transactions of four hours with a reading each minute, spread over a year. A part of them is
priced, in process time, and the figure for all is worked out from that: each costs the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from csms.tariff.dynamic import MarketPoint, MarketPrices
from csms.tariff.model import (
    WEEKDAYS,
    Dimension,
    Element,
    HolidayCalendar,
    Market,
    PriceComponent,
    Restrictions,
    Tariff,
    TariffVersion,
)
from csms.tariff.pricing import Pricer
from csms.tariff.usage import Reading, Usage

TRANSACTIONS: Final = 100_000
GOAL_S: Final = 60.0
MINUTES: Final = 240
PARKED_FROM: Final = 200
"""The minute from which the vehicle is full."""
QUARTER: Final = timedelta(minutes=15)
_YEAR: Final = datetime(2026, 1, 1, tzinfo=UTC)
_ZONE: Final = ZoneInfo("Europe/Lisbon")
_VAT: Final = Decimal(23)


class Case(NamedTuple):
    name: str
    tariff: Tariff
    market: MarketPrices


def show_pricing(console: Console, count: int = 1500) -> None:
    table = Table(title=f"Pricing {TRANSACTIONS:,} transactions of 4 h with a reading a minute")
    for heading in ("tariff", "priced here", "s here", "s for all", "goal s"):
        table.add_column(heading, justify="left" if heading == "tariff" else "right")
    for case in _cases():
        taken_s = _price(case, count)
        for_all_s = taken_s * TRANSACTIONS / count
        table.add_row(
            case.name, f"{count:,}", f"{taken_s:.2f}", f"{for_all_s:.1f}", f"{GOAL_S:.0f}"
        )
    console.print(table)


def _price(case: Case, count: int) -> float:
    """Return the process time that pricing takes, without making the transactions."""
    pricer = Pricer(case.tariff, _ZONE)
    taken_ns = 0
    for number in range(count):
        usage = _transaction(number, count)
        begun_ns = time.process_time_ns()
        pricer.price(usage, case.market)
        taken_ns += time.process_time_ns() - begun_ns
    return taken_ns / 1e9


def _transaction(number: int, count: int) -> Usage:
    """Starts wander through the year and the day; the power goes down towards the end."""
    minutes = number * 525_600 // count + number * 377 % 1440
    started_at = _YEAR + timedelta(minutes=minutes, seconds=number % 60)
    register_wh = Decimal(12_345_678)
    readings = []
    for minute in range(1, MINUTES):
        if minute < PARKED_FROM:
            register_wh += 183 - minute // 4 + number % 7
        readings.append(Reading(started_at + timedelta(minutes=minute), register_wh))
    return Usage(
        transaction_id=number,
        started_at=started_at,
        ended_at=started_at + timedelta(minutes=MINUTES),
        energy_wh=register_wh - 12_345_678,
        readings=tuple(readings),
        meter_start_wh=Decimal(12_345_678),
        meter_stop_wh=register_wh,
    )


def _cases() -> Iterator[Case]:
    nothing = MarketPrices(())
    flat = Element((_energy("0.25"),))
    yield Case("one price", _tariff(flat), nothing)
    yield Case("four periods, holidays", _tariff(*_four_periods()), nothing)
    idle = PriceComponent(Dimension.PARKING_TIME, Decimal(3), _VAT, grace_s=600)
    tiers = (
        Element((_energy("0.20"), idle), Restrictions(max_kwh=Decimal(10)), "first"),
        Element((_energy("0.30"), idle), name="further"),
    )
    yield Case("two tiers and idle time", _tariff(*tiers), nothing)
    spot = PriceComponent(Dimension.ENERGY, Decimal("0.08"), _VAT, market=Market(Decimal("1.1")))
    points = [
        MarketPoint(_YEAR + QUARTER * n, Decimal(40 + n % 96) / 1000) for n in range(366 * 96)
    ]
    yield Case("day-ahead market, by the quarter of an hour", _tariff(Element((spot,))),
               MarketPrices(points))  # fmt: skip


def _four_periods() -> Iterator[Element]:
    for name, price, start, end in (
        ("Super vazio", "0.197780", 2, 6),
        ("Cheia 1", "0.227756", 7, 9),
        ("Ponta", "0.245102", 9, 12),
        ("Cheia 2", "0.227756", 12, 24),
    ):
        times = Restrictions(
            start_time=clock_time(start), end_time=clock_time(end % 24), day_of_week=WEEKDAYS
        )
        yield Element((_energy(price),), times, name)
    yield Element((_energy("0.198418"),), name="Vazio")


def _energy(price: str) -> PriceComponent:
    return PriceComponent(Dimension.ENERGY, Decimal(price), _VAT)


def _tariff(*elements: Element) -> Tariff:
    version = TariffVersion(1, date(2025, 1, 1), elements, holidays=HolidayCalendar("PT"))
    return Tariff("benchmark", "Benchmark", "EUR", (version,))
