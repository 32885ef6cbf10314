"""One of our tariffs as OCPP 2.1 writes it for stations that reckon costs themselves (I07, I08).

Both price a dimension by the first entry that applies, so our elements become a list of prices for
each dimension. What OCPP has no word for is refused with its reason, never left out: a station must
not show another price than is billed. A monthly base fee is no matter of a transaction.
"""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import orjson

from csms.errors import InvalidValueError
from csms.handlers.contract import Payload
from csms.services.stations.abilities import Abilities
from csms.tariff.model import (
    Day,
    Dimension,
    Direction,
    Element,
    PriceComponent,
    Restrictions,
    Tariff,
    TariffVersion,
)

ID_LENGTH: Final = 60
FOR_STATIONS: Final = "for stations: "
"""How the words begin that say what a tariff must be like."""
_DIGEST_CHARS: Final = 12
_EXACT: Final = Decimal("0.000001")
"""Prices are written with six decimals: those per hour become ones per minute."""
_MINUTES: Final = Decimal(60)
_HUNDRED: Final = Decimal(100)
_WH: Final = Decimal(1000)
_TAX: Final = "VAT"

_FIELDS: Final = {
    Dimension.ENERGY: ("energy", "priceKwh"),
    Dimension.TIME: ("chargingTime", "priceMinute"),
    Dimension.PARKING_TIME: ("idleTime", "priceMinute"),
    Dimension.FLAT: ("fixedFee", "priceFixed"),
}
_PER_HOUR: Final = frozenset({Dimension.TIME, Dimension.PARKING_TIME})


def write_tariff(tariff: Tariff, day: date) -> Payload:
    """Write a tariff as it is on a day. Raises InvalidValueError for what OCPP can't say."""
    if tariff.direction is Direction.EXPORT:
        raise _refusal(tariff, "a tariff for energy that is drawn")
    version = _version_on(tariff, day)
    written: Payload = {"currency": tariff.currency}
    for dimension, (field, _) in _FIELDS.items():
        if version.uses(dimension):
            written[field] = _dimension(tariff, version, dimension)
    tax = "inclTax" if tariff.tax_included else "exclTax"
    if version.min_price is not None:
        written["minCost"] = {tax: _number(version.min_price)}
    if version.max_price is not None:
        written["maxCost"] = {tax: _number(version.max_price)}
    # I08.FR.08: another content has another id
    content = orjson.dumps(written, option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(content).hexdigest()[:_DIGEST_CHARS]
    named: Payload = {"tariffId": f"{tariff.id[: ID_LENGTH - _DIGEST_CHARS - 1]}-{digest}"}
    if tariff.name:
        named["description"] = [{"format": "UTF8", "content": tariff.name[:1024]}]
    return named | written


def write_fitting(tariff: Tariff, day: date, abilities: Abilities) -> Payload:
    """Write a tariff for a station that takes this much; raises InvalidValueError for more."""
    written = write_tariff(tariff, day)
    for field, _ in _FIELDS.values():
        prices = written.get(field, {}).get("prices", [])
        if abilities.max_prices is not None and len(prices) > abilities.max_prices:
            raise _refusal(tariff, f"{abilities.max_prices} or fewer prices of one kind")
        if not abilities.takes_conditions and any("conditions" in price for price in prices):
            raise _refusal(tariff, "no prices that depend on anything")
    return written


def _version_on(tariff: Tariff, day: date) -> TariffVersion:
    begun = [version for version in tariff.versions if version.valid_from <= day]
    if not begun:
        raise _refusal(tariff, f"a tariff that is valid on {day}")
    return max(begun, key=lambda version: (version.valid_from, version.number))


def _dimension(tariff: Tariff, version: TariffVersion, dimension: Dimension) -> Payload:
    found = [
        (element, component)
        for element in version.elements
        if (component := element.component(dimension)) is not None
    ]
    rates = {component.vat_percent for _, component in found}
    if len(rates) > 1:
        raise _refusal(tariff, f"one rate of VAT for all prices of {dimension}")
    (rate,) = rates
    written: Payload = {
        "prices": [_price(tariff, version, dimension, *each) for each in found],
    }
    if rate is not None:  # none is not the same as 0 %
        written["taxRates"] = [{"type": _TAX, "tax": _number(rate)}]
    return written


def _price(
    tariff: Tariff,
    version: TariffVersion,
    dimension: Dimension,
    element: Element,
    component: PriceComponent,
) -> Payload:
    if component.market is not None:
        raise _refusal(tariff, "prices that do not follow the market")
    if component.step_size != 1:
        raise _refusal(tariff, "no steps in which energy or time is billed")
    price = component.price
    if tariff.tax_included and component.vat_percent is not None:
        price /= 1 + component.vat_percent / _HUNDRED
    if dimension in _PER_HOUR:
        price /= _MINUTES
    written: Payload = {_FIELDS[dimension][1]: _number(price)}
    conditions = _conditions(tariff, version, element.restrictions)
    if dimension is Dimension.FLAT and conditions.keys() & _RUNNING:
        raise _refusal(tariff, "fixed fees that do not depend on energy or duration")
    if component.grace_s:
        conditions["minIdleTime"] = component.grace_s
    return written | ({"conditions": conditions} if conditions else {})


_RUNNING: Final = frozenset({"minEnergy", "maxEnergy", "minTime", "maxTime"})


def _conditions(tariff: Tariff, version: TariffVersion, when: Restrictions) -> Payload:
    if when.season is not None:
        raise _refusal(tariff, "no seasons")
    days = _days(tariff, version, when) if when.day_of_week else None
    given: Payload = {
        "startTimeOfDay": when.start_time and f"{when.start_time:%H:%M}",
        "endTimeOfDay": when.end_time and f"{when.end_time:%H:%M}",
        "dayOfWeek": days,
        "validFromDate": when.start_date and when.start_date.isoformat(),
        "validToDate": when.end_date and when.end_date.isoformat(),
        "minEnergy": None if when.min_kwh is None else _number(when.min_kwh * _WH),
        "maxEnergy": None if when.max_kwh is None else _number(when.max_kwh * _WH),
        "minTime": when.min_duration_s,
        "maxTime": when.max_duration_s,
    }
    return {key: value for key, value in given.items() if value is not None}


def _days(tariff: Tariff, version: TariffVersion, when: Restrictions) -> list[str]:
    """Return the days of the week; stations know no public holidays."""
    days = [day for day in Day if day in when.day_of_week and day is not Day.HOLIDAY]
    has_holidays = version.holidays is not None and when.day_of_week != frozenset(Day)
    if has_holidays or not days:
        raise _refusal(tariff, "no public holidays")
    return [day.value.capitalize() for day in days]


def _number(amount: Decimal) -> int | float:
    rounded = amount.quantize(_EXACT, ROUND_HALF_UP)
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)


def _refusal(tariff: Tariff, allowed: str) -> InvalidValueError:
    return InvalidValueError("tariff_id", tariff.id, f"{FOR_STATIONS}{allowed}")
