"""What is wrong with a tariff, before anything is priced with it.

Bad values are found first; only a tariff without any is looked at for gaps and overlaps.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from csms.tariff.calendars import known_regions
from csms.tariff.coverage import check_coverage
from csms.tariff.findings import Finding
from csms.tariff.model import (
    Day,
    Dimension,
    Element,
    HolidayCalendar,
    MonthDay,
    PriceComponent,
    Restrictions,
    Season,
    Tariff,
    TariffVersion,
)

FIRST_DAY: Final = date(1990, 1, 1)
LAST_DAY: Final = date(2200, 1, 1)
MAX_ELEMENTS: Final = 200
MAX_VERSIONS: Final = 100
MAX_SEASONS: Final = 24
MAX_TIERS: Final = 20
"""Different bounds of energy, and of duration, in one version."""
MOST_MONEY: Final = Decimal(1_000_000)
MAX_DECIMALS: Final = 10
_KWH_DECIMALS: Final = 7
_MAX_DURATION_S: Final = 366 * 86_400
_MAX_STEP: Final = 1_000_000
_CURRENCY: Final = re.compile("[A-Z]{3}")
_DAYS_OF_MONTH: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_Number = TypeVar("_Number", Decimal, int)


def check(tariff: Tariff, zones: Collection[ZoneInfo]) -> list[Finding]:
    """Return all that is wrong with a tariff for sites in some time zones; empty: nothing.

    Raises ValueError without any zone: gaps show in a zone's own calendar only.
    """
    if not zones:
        raise ValueError("a tariff is checked for the time zone of at least one site")
    found = list(_tariff(tariff))
    if found:
        return found
    order = sorted(range(len(tariff.versions)), key=lambda i: tariff.versions[i].valid_from)
    for place, index in enumerate(order):
        later = order[place + 1 :]
        until = tariff.versions[later[0]].valid_from if later else None
        version = tariff.versions[index]
        by_name = sorted(zones, key=lambda zone: zone.key)
        # Where no season follows legal time, the days are the same everywhere.
        follows_clock = any(season.legal_time is not None for season in version.seasons)
        for zone in by_name if follows_clock else by_name[:1]:
            field = f"versions/{index}/elements"
            for finding in check_coverage(version, until, zone, field):
                if finding not in found:
                    found.append(finding)
    return found


def refuse_bad(tariff: Tariff, zones: Collection[ZoneInfo]) -> None:
    """Raise InvalidValueError for the first thing that is wrong with a tariff."""
    for finding in check(tariff, zones):
        raise finding.error


def _tariff(tariff: Tariff) -> Iterator[Finding]:
    for field, value in (("id", tariff.id), ("name", tariff.name)):
        if not value.strip():
            yield Finding(field, value, "a text")
    if not _CURRENCY.fullmatch(tariff.currency):
        yield Finding("currency", tariff.currency, "an ISO 4217 code such as EUR")
    if not 0 <= tariff.rounding.decimals <= 6:
        yield Finding("rounding/decimals", tariff.rounding.decimals, "0 to 6")
    if not 1 <= len(tariff.versions) <= MAX_VERSIONS:
        yield Finding("versions", len(tariff.versions), f"1 to {MAX_VERSIONS} versions")
    for name in ("number", "valid_from"):
        yield from _twice("versions", name, [getattr(each, name) for each in tariff.versions])
    for index, version in enumerate(tariff.versions):
        yield from _version(version, f"versions/{index}")


def _version(version: TariffVersion, path: str) -> Iterator[Finding]:
    if not FIRST_DAY <= version.valid_from <= LAST_DAY:
        allowed = f"{FIRST_DAY} to {LAST_DAY}"
        yield Finding(f"{path}/valid_from", str(version.valid_from), allowed)
    yield from _seasons(version.seasons, path)
    if version.holidays is not None:
        yield from _holidays(version.holidays, f"{path}/holidays")
    yield from _sums(version, path)
    if not 1 <= len(version.elements) <= MAX_ELEMENTS:
        count = len(version.elements)
        yield Finding(f"{path}/elements", count, f"1 to {MAX_ELEMENTS} elements")
    for index, element in enumerate(version.elements):
        yield from _element(element, version, f"{path}/elements/{index}")
    if not any(version.uses(each) for each in Dimension if each is not Dimension.PARKING_TIME):
        yield Finding(f"{path}/elements", "no price but for parking", "ENERGY, TIME or FLAT")
    yield from _tiers(version, f"{path}/elements")


def _sums(version: TariffVersion, path: str) -> Iterator[Finding]:
    least, most = version.min_price, version.max_price
    if least is not None:
        yield from _money(f"{path}/min_price", least)
    if most is not None:
        yield from _money(f"{path}/max_price", most)
    if least is not None and most is not None and most < least:
        yield Finding(f"{path}/max_price", str(most), f"min_price ({least}) or more")
    yield from _vat(f"{path}/min_price_vat_percent", version.min_price_vat_percent)
    if version.monthly_base is not None:
        yield from _money(f"{path}/monthly_base/price", version.monthly_base.price)
        yield from _vat(f"{path}/monthly_base/vat_percent", version.monthly_base.vat_percent)


def _element(element: Element, version: TariffVersion, path: str) -> Iterator[Finding]:
    if not element.components:
        yield Finding(f"{path}/components", 0, "at least one price component")
    types = [component.type for component in element.components]
    yield from _twice(f"{path}/components", "type", types)
    for index, component in enumerate(element.components):
        yield from _component(component, f"{path}/components/{index}")
    yield from _restrictions(element.restrictions, version, f"{path}/restrictions")


def _component(component: PriceComponent, path: str) -> Iterator[Finding]:
    market = component.market
    least = Decimal(0) if market is None else -MOST_MONEY
    yield from _money(f"{path}/price", component.price, least)
    yield from _vat(f"{path}/vat_percent", component.vat_percent)
    yield from _within(f"{path}/step_size", component.step_size, 1, _MAX_STEP)
    yield from _within(f"{path}/grace_s", component.grace_s, 0, _MAX_DURATION_S)
    if component.type is Dimension.FLAT and component.step_size != 1:
        yield Finding(f"{path}/step_size", component.step_size, "1 for FLAT")
    if component.type is not Dimension.PARKING_TIME and component.grace_s:
        yield Finding(f"{path}/grace_s", component.grace_s, "0 for all but PARKING_TIME")
    if market is None:
        return
    if component.type is not Dimension.ENERGY:
        yield Finding(f"{path}/market", component.type, "a market price for ENERGY alone")
    yield from _money(f"{path}/market/factor", market.factor)
    for name, bound in (("floor", market.floor), ("cap", market.cap)):
        if bound is not None:
            yield from _money(f"{path}/market/{name}", bound, -MOST_MONEY)
    if market.floor is not None and market.cap is not None and market.cap < market.floor:
        yield Finding(f"{path}/market/cap", str(market.cap), f"floor ({market.floor}) or more")


def _restrictions(bounds: Restrictions, version: TariffVersion, path: str) -> Iterator[Finding]:
    yield from _clock(bounds, path)
    names = [season.name for season in version.seasons]
    if bounds.season is not None and bounds.season not in names:
        known = ", ".join(names) or "none: the version has no seasons"
        yield Finding(f"{path}/season", bounds.season, f"one of {known}")
    if Day.HOLIDAY in bounds.day_of_week and version.holidays is None:
        yield Finding(f"{path}/day_of_week", Day.HOLIDAY, "HOLIDAY only with a holiday calendar")
    if bounds.start_date and bounds.end_date and bounds.start_date >= bounds.end_date:
        yield Finding(f"{path}/end_date", str(bounds.end_date), f"after {bounds.start_date}")
    yield from _from_to(f"{path}/", "kwh", bounds.min_kwh, bounds.max_kwh, MOST_MONEY)
    seconds = bounds.min_duration_s, bounds.max_duration_s
    yield from _from_to(f"{path}/", "duration_s", *seconds, _MAX_DURATION_S)
    for name, kwh in (("min_kwh", bounds.min_kwh), ("max_kwh", bounds.max_kwh)):
        if kwh is not None and kwh.is_finite() and _decimals(kwh) > _KWH_DECIMALS:
            yield Finding(f"{path}/{name}", str(kwh), f"at most {_KWH_DECIMALS} decimals")


def _clock(bounds: Restrictions, path: str) -> Iterator[Finding]:
    for name in ("start_time", "end_time"):
        at: time | None = getattr(bounds, name)
        if at is not None and (at.tzinfo is not None or at.microsecond):
            yield Finding(f"{path}/{name}", str(at), "a time of the site's clock in whole seconds")
    start, end = bounds.start_time or time(), bounds.end_time or time()
    if start == end != time():
        yield Finding(f"{path}/end_time", f"{end:%H:%M}", "another time than start_time")


def _from_to(
    path: str, name: str, low: _Number | None, high: _Number | None, most: _Number
) -> Iterator[Finding]:
    for bound, value in (("min", low), ("max", high)):
        if value is not None:
            yield from _within(f"{path}{bound}_{name}", value, type(most)(0), most)
    if high is not None and _usable(high) and high <= (low or 0):
        yield Finding(f"{path}max_{name}", str(high), f"more than min_{name} ({low or 0})")


def _tiers(version: TariffVersion, path: str) -> Iterator[Finding]:
    restrictions = [element.restrictions for element in version.elements]
    for names in (("min_kwh", "max_kwh"), ("min_duration_s", "max_duration_s")):
        bounds = {getattr(each, name) for each in restrictions for name in names} - {None}
        if len(bounds) > MAX_TIERS:
            text = f"at most {MAX_TIERS} different bounds"
            yield Finding(f"{path}/restrictions/{names[0]}", len(bounds), text)


def _seasons(seasons: tuple[Season, ...], path: str) -> Iterator[Finding]:
    if len(seasons) > MAX_SEASONS:
        yield Finding(f"{path}/seasons", len(seasons), f"at most {MAX_SEASONS} seasons")
    yield from _twice(f"{path}/seasons", "name", [season.name for season in seasons])
    for index, season in enumerate(seasons):
        field = f"{path}/seasons/{index}"
        dates = [season.first, season.until]
        if (season.legal_time is None) is (dates == [None, None]) or dates.count(None) == 1:
            yield Finding(field, season.name, "either legal_time, or first and until")
        for name, day in (("first", season.first), ("until", season.until)):
            if day is not None and not _is_day(day):
                yield Finding(f"{field}/{name}", f"{day.month:02}-{day.day:02}", "a day of a year")
        if season.first is not None and season.first == season.until:
            yield Finding(f"{field}/until", season.name, "another day than first")


def _is_day(day: MonthDay) -> bool:
    return 1 <= day.month <= 12 and 1 <= day.day <= _DAYS_OF_MONTH[day.month - 1]


def _holidays(calendar: HolidayCalendar, path: str) -> Iterator[Finding]:
    regions = known_regions(calendar.country)
    if regions is None:
        yield Finding(f"{path}/country", calendar.country, "an ISO 3166 code such as PT or DE")
    elif calendar.region is not None and calendar.region not in regions:
        known = ", ".join(sorted(regions)) or "none"
        yield Finding(f"{path}/region", calendar.region, f"one of {known}")


def _money(field: str, amount: Decimal, least: Decimal = Decimal(0)) -> Iterator[Finding]:
    yield from _within(field, amount, least, MOST_MONEY)
    if amount.is_finite() and _decimals(amount) > MAX_DECIMALS:
        yield Finding(field, str(amount), f"at most {MAX_DECIMALS} decimals")


def _vat(field: str, percent: Decimal | None) -> Iterator[Finding]:
    if percent is not None:
        yield from _within(field, percent, Decimal(0), Decimal(100))


def _within(field: str, value: _Number, least: _Number, most: _Number) -> Iterator[Finding]:
    if not _usable(value) or not least <= value <= most:
        yield Finding(field, str(value), f"{least} to {most}")


def _usable(value: Decimal | int) -> bool:
    return not isinstance(value, Decimal) or value.is_finite()


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _twice(path: str, name: str, values: Sequence[object]) -> Iterator[Finding]:
    for index, value in enumerate(values):
        if value in values[:index]:
            yield Finding(f"{path}/{index}/{name}", str(value), "each only once")
