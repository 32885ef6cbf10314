"""Lines into a bill: equal lines added up, rounded as the tariff says, VAT by rate.

The same for one transaction, a statement of many, and a month's base fee.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from csms.tariff.lines import Line, LineKind, Unit, amount_of
from csms.tariff.model import Rounding, RoundingRule, Tariff

ZERO: Final = Decimal(0)
_MEAN_GRAIN: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class BillLine:
    """What one period of a tariff comes to; rounded if the tariff rounds per line."""

    kind: LineKind
    name: str
    section: str
    quantity: Decimal
    unit: Unit
    unit_price: Decimal | None
    """Of a market price the mean, to six decimals; None: unpriced."""
    amount: Decimal | None
    vat_percent: Decimal | None
    market: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class VatSum:
    """What falls under one rate of VAT; None: VAT does not apply."""

    vat_percent: Decimal | None
    net: Decimal
    vat: Decimal

    @property
    def gross(self) -> Decimal:
        return self.net + self.vat


@dataclass(frozen=True, slots=True)
class Bill:
    """Lines and their sums, which are those of the priced lines alone."""

    currency: str | None
    lines: tuple[BillLine, ...]
    vat: tuple[VatSum, ...]

    @property
    def complete(self) -> bool:
        """Whether everything has a price, so that the sums are the whole truth."""
        return all(line.amount is not None for line in self.lines)

    @property
    def priced_net(self) -> Decimal:
        return sum((each.net for each in self.vat), ZERO)

    @property
    def priced_gross(self) -> Decimal:
        return sum((each.gross for each in self.vat), ZERO)

    @property
    def net(self) -> Decimal | None:
        """Without VAT; None if anything is unpriced."""
        return self.priced_net if self.complete else None

    @property
    def gross(self) -> Decimal | None:
        """With VAT; None if anything is unpriced."""
        return self.priced_gross if self.complete else None

    @property
    def unpriced_kwh(self) -> Decimal:
        """Energy without a price."""
        return sum(
            (line.quantity for line in self.lines if line.amount is None and line.unit is Unit.KWH),
            ZERO,
        )


def bill(tariff: Tariff, lines: Iterable[Line]) -> Bill:
    """Add up lines of any number of transactions under one tariff."""
    groups: dict[tuple[object, ...], list[Line]] = {}
    for line in lines:
        groups.setdefault(_key(line), []).append(line)
    ordered = sorted(groups.values(), key=lambda group: (_ORDER[group[0].kind], group[0].position))
    billed = tuple(_bill_line(group, tariff.rounding) for group in ordered)
    return Bill(tariff.currency, billed, _vat(billed, tariff))


def unpriced_bill(lines: Iterable[Line]) -> Bill:
    """Return a bill of what no tariff covers."""
    return Bill(None, tuple(_unpriced([line]) for line in lines), ())


def rounded(amount: Decimal, rounding: Rounding) -> Decimal:
    """Round half-up to the tariff's decimals."""
    return amount.quantize(Decimal(1).scaleb(-rounding.decimals), ROUND_HALF_UP)


_ORDER: Final = {
    kind: place
    for place, kinds in enumerate(
        (
            (LineKind.MONTHLY_BASE,),
            (LineKind.FLAT,),
            (LineKind.ENERGY,),
            (LineKind.TIME,),
            (LineKind.PARKING_TIME,),
            (LineKind.STEP,),
            (LineKind.MINIMUM, LineKind.MAXIMUM),
        )
    )
    for kind in kinds
}


def _key(line: Line) -> tuple[object, ...]:
    unit_price = None if line.market or line.unit is Unit.PIECE else line.unit_price
    return (
        line.kind,
        line.section,
        line.name,
        line.unit,
        unit_price,
        line.amount is None,
        line.vat_percent,
        line.market,
        line.reason,
    )


def _bill_line(group: Sequence[Line], rounding: Rounding) -> BillLine:
    first = group[0]
    if first.unit_price is None:
        return _unpriced(group)
    quantity = sum((line.quantity for line in group), ZERO)
    unit_price = first.unit_price
    if any(line.unit_price != unit_price for line in group):
        amount = sum((amount_of(line) for line in group), ZERO)
        if quantity:
            unit_price = (amount / quantity).quantize(_MEAN_GRAIN, ROUND_HALF_UP)
    else:
        amount = amount_of(first, quantity)
    if rounding.rule is RoundingRule.PER_LINE:
        amount = rounded(amount, rounding)
    return BillLine(
        first.kind,
        first.name,
        first.section,
        quantity,
        first.unit,
        unit_price,
        amount,
        first.vat_percent,
        first.market,
    )


def _unpriced(group: Sequence[Line]) -> BillLine:
    first = group[0]
    quantity = sum((line.quantity for line in group), ZERO)
    return BillLine(
        first.kind,
        first.name,
        first.section,
        quantity,
        first.unit,
        None,
        None,
        None,
        reason=first.reason,
    )


def _vat(lines: Sequence[BillLine], tariff: Tariff) -> tuple[VatSum, ...]:
    by_rate: dict[Decimal | None, Decimal] = {}
    for line in lines:
        if line.amount is not None:
            by_rate[line.vat_percent] = by_rate.get(line.vat_percent, ZERO) + line.amount
    rates = sorted(by_rate, key=lambda rate: Decimal(-1) if rate is None else rate)
    return tuple(_vat_sum(rate, by_rate[rate], tariff) for rate in rates)


def _vat_sum(rate: Decimal | None, amount: Decimal, tariff: Tariff) -> VatSum:
    """VAT is worked out once per rate, on the sum."""
    percent = rate or ZERO
    total = rounded(amount, tariff.rounding)
    if tariff.tax_included:
        vat = rounded(amount * percent / (100 + percent), tariff.rounding)
        return VatSum(rate, total - vat, vat)
    return VatSum(rate, total, rounded(amount * percent / 100, tariff.rounding))
