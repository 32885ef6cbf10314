"""What a kWh costs now and later: for displays, for drivers and for smart charging."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from csms.tariff.dynamic import NO_MARKET, MarketPrices
from csms.tariff.model import Dimension
from csms.tariff.pricing import Pricer
from csms.tariff.usage import Usage

ZERO: Final = Decimal(0)
_MICROSECOND: Final = timedelta(microseconds=1)


class PriceSpan(NamedTuple):
    """A time in which a kWh has one price; None: there is no price."""

    start: datetime
    end: datetime
    name: str
    unit_price: Decimal | None
    vat_percent: Decimal | None


def price_spans(
    pricer: Pricer,
    start: datetime,
    end: datetime,
    market: MarketPrices = NO_MARKET,
    *,
    energy_wh: Decimal = ZERO,
    elapsed: timedelta = timedelta(),
) -> list[PriceSpan]:
    """Return the energy prices over a time, in order and without a gap.

    Tiers are those of a transaction after so much energy and, at `start`, so much time.
    """
    cuts = set(market.borders(start, end)) if pricer.needs.market else set()
    cuts |= {start + bound - elapsed for bound in pricer.needs.elapsed}
    found: list[PriceSpan] = []
    for since, until, index, elements in _pieces(pricer, start, end, sorted(cuts)):
        span = PriceSpan(since, until, "", None, None)
        if index >= 0:
            lasted = elapsed + (since - start)
            span = _span(pricer, span, index, elements, (energy_wh, lasted), market)
        if found and found[-1][2:] == span[2:]:
            span = span._replace(start=found.pop().start)
        found.append(span)
    return found


def mean_prices(spans: Sequence[PriceSpan], borders: Sequence[datetime]) -> list[Decimal | None]:
    """Return the mean price of each block between two borders, weighted by time.

    None where any part of a block has no price.
    """
    return [_mean(spans, start, end) for start, end in pairwise(borders)]


@dataclass(frozen=True, slots=True)
class RunningCost:
    """What a transaction costs so far: what it would cost if it ended now.

    `net` and `gross` are those of what has a price; `complete` says whether that is everything.
    """

    at: datetime
    energy_wh: Decimal | None
    currency: str | None
    net: Decimal
    gross: Decimal
    complete: bool
    period: str
    unit_price: Decimal | None
    """What the next kWh costs, as the tariff quotes it."""


def running_cost(pricer: Pricer, usage: Usage, market: MarketPrices = NO_MARKET) -> RunningCost:
    """Return the cost of a transaction at its `ended_at`, by the same core as its final price."""
    bill = pricer.price(usage, market).bill
    now = usage.ended_at
    (span,) = price_spans(
        pricer,
        now,
        now,
        market,
        energy_wh=usage.energy_wh or ZERO,
        elapsed=now - usage.started_at,
    )
    return RunningCost(
        at=now,
        energy_wh=usage.energy_wh,
        currency=bill.currency,
        net=bill.priced_net,
        gross=bill.priced_gross,
        complete=bill.complete,
        period=span.name,
        unit_price=span.unit_price,
    )


def _pieces(
    pricer: Pricer, start: datetime, end: datetime, cuts: Sequence[datetime]
) -> Iterator[tuple[datetime, datetime, int, tuple[int, ...]]]:
    for index, span in pricer.spans(start, end):
        inner = [cut for cut in cuts if span.start < cut < span.end]
        for since, until in pairwise([span.start, *inner, span.end]):
            yield since, until, index, span.elements


def _span(
    pricer: Pricer,
    span: PriceSpan,
    index: int,
    elements: tuple[int, ...],
    used: tuple[Decimal, timedelta],
    market: MarketPrices,
) -> PriceSpan:
    offer = pricer.offers(index).first(Dimension.ENERGY, elements, *used)
    version = pricer.version(index)
    if offer is None or version is None:
        return span
    component = offer.component
    price: Decimal | None = component.price
    if component.market is not None:
        spot = market.price_at(span.start, pricer.tariff.direction)
        price = None if spot is None else component.market.unit_price(spot, component.price)
    name = version.elements[offer.element].name
    return span._replace(name=name, unit_price=price, vat_percent=component.vat_percent)


def _mean(spans: Sequence[PriceSpan], start: datetime, end: datetime) -> Decimal | None:
    total, covered = ZERO, 0
    for span in spans:
        overlap = (min(span.end, end) - max(span.start, start)) // _MICROSECOND
        if overlap <= 0:
            continue
        if span.unit_price is None:
            return None
        total += span.unit_price * overlap
        covered += overlap
    return total / covered if covered and covered == (end - start) // _MICROSECOND else None
