"""A tariff's version as a Tariff of OCPI 2.2.1, section 11, with the elements that counted.

OCPI's prices are without VAT. It has no seasons, public holidays, grace periods or market prices:
an element is given without what OCPI can't say, and a market price as its mean in the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, TypeAlias

from csms.tariff.lines import Line, LineKind, amount_of
from csms.tariff.model import (
    Day,
    Element,
    PriceComponent,
    Restrictions,
    Tariff,
    TariffVersion,
)

Json: TypeAlias = dict[str, Any]

ZERO: Final = Decimal(0)
_ID_CHARS: Final = 36
_PRICE_GRAIN: Final = Decimal("0.000001")


def tariff_version_id(tariff_id: str, number: int) -> str:
    """Return the id that a tariff's version has in OCPI."""
    ending = f"-{number}"
    return tariff_id[: _ID_CHARS - len(ending)] + ending


def ocpi_tariff(tariff: Tariff, version: TariffVersion, lines: Sequence[Line]) -> Json:
    """Return a version with those elements by which any of the lines was priced."""
    used = [
        line for line in lines if line.version == version.number and line.unit_price is not None
    ]
    positions = sorted({line.position for line in used if line.position >= 0})
    found: Json = {
        "id": tariff_version_id(tariff.id, version.number),
        "currency": tariff.currency,
        "tariff_alt_text": [{"language": "en", "text": tariff.name[:512]}],
    }
    for name, price in (("min_price", version.min_price), ("max_price", version.max_price)):
        if price is not None:
            found[name] = _bound(price, version, tariff)
    elements = [
        _element(
            version.elements[position], [each for each in used if each.position == position], tariff
        )
        for position in positions
        if position < len(version.elements)
    ]
    return {**found, "elements": [element for element in elements if element["price_components"]]}


def _element(element: Element, used: Sequence[Line], tariff: Tariff) -> Json:
    components = [_component(component, used, tariff) for component in element.components]
    restrictions = _restrictions(element.restrictions)
    made: Json = {"price_components": components}
    return {**made, "restrictions": restrictions} if restrictions else made


def _component(component: PriceComponent, used: Sequence[Line], tariff: Tariff) -> Json:
    price = component.price
    if component.market is not None:
        price = _mean(line for line in used if line.kind is LineKind.ENERGY)
    made: Json = {
        "type": component.type.value,
        "price": _without_vat(price, component.vat_percent, tariff),
        "step_size": component.step_size,
    }
    return made if component.vat_percent is None else {**made, "vat": component.vat_percent}


def _mean(lines: Iterable[Line]) -> Decimal:
    amount, quantity = ZERO, ZERO
    for line in lines:
        amount += amount_of(line)
        quantity += line.quantity
    return (amount / quantity).quantize(_PRICE_GRAIN, ROUND_HALF_UP) if quantity else ZERO


def _without_vat(price: Decimal, vat_percent: Decimal | None, tariff: Tariff) -> Decimal:
    if not tariff.tax_included or not vat_percent:
        return price
    return (price / (1 + vat_percent / 100)).quantize(_PRICE_GRAIN, ROUND_HALF_UP)


def _bound(price: Decimal, version: TariffVersion, tariff: Tariff) -> Json:
    """A Price; the least or most of a transaction has one rate of VAT only if the tariff has."""
    vat = version.min_price_vat_percent
    if tariff.tax_included:
        return {"excl_vat": _without_vat(price, vat, tariff), "incl_vat": price}
    return {"excl_vat": price}


def _restrictions(restrictions: Restrictions) -> Json:
    days = [day.value for day in Day if day in restrictions.day_of_week and day is not Day.HOLIDAY]
    found: Json = {
        "start_time": _clock(restrictions.start_time),
        "end_time": _clock(restrictions.end_time),
        "start_date": _iso(restrictions.start_date),
        "end_date": _iso(restrictions.end_date),
        "min_kwh": restrictions.min_kwh,
        "max_kwh": restrictions.max_kwh,
        "min_duration": restrictions.min_duration_s,
        "max_duration": restrictions.max_duration_s,
        "day_of_week": days or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _clock(at: time | None) -> str | None:
    return None if at is None else f"{at:%H:%M}"


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
