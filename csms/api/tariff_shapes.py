"""Tariffs as the API shows and takes them: OCPI's words, prices as numbers, times as texts.

A tariff that was read can be sent back as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.fields import (
    ClockTime,
    Country,
    Currency,
    DayOfYear,
    Name,
    TariffId,
    Text,
    VersionNumber,
)
from csms.tariff.checking import MAX_ELEMENTS, MAX_SEASONS, MAX_VERSIONS
from csms.tariff.model import (
    Day,
    Dimension,
    Direction,
    LegalTime,
    Rounding,
    RoundingRule,
    Tariff,
    TariffVersion,
)

MAX_COMPONENTS: Final = len(Dimension)
MAX_EXTRA_DATES: Final = 1000


class MarketShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """A kWh costs factor × market price + the component's price, between floor and cap."""

    factor: Decimal = Decimal(1)
    floor: Decimal | None = None
    cap: Decimal | None = None


class ComponentShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """What one dimension costs: per kWh, per hour, or once."""

    type: Dimension
    price: Decimal
    vat_percent: (
        Annotated[Decimal, Meta(description="null: VAT does not apply, which isn't 0 %.")] | None
    ) = None
    step_size: Annotated[int, Meta(ge=1, le=1_000_000, description="Wh or seconds.")] = 1
    grace_s: Annotated[int, Meta(ge=0, le=31_622_400)] = 0
    market: MarketShape | None = None


class RestrictionsShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """When an element counts: whenever all that is given here holds."""

    start_time: ClockTime | None = None
    end_time: ClockTime | None = None
    start_date: date | None = None
    end_date: Annotated[date, Meta(description="Until before this day.")] | None = None
    day_of_week: Annotated[list[Day], Meta(max_length=len(Day))] = []
    season: Text | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_duration_s: Annotated[int, Meta(ge=0, le=31_622_400)] | None = None
    max_duration_s: Annotated[int, Meta(ge=0, le=31_622_400)] | None = None


class ElementShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """Price components that count under the same restrictions; `name` is what a payer reads."""

    components: Annotated[list[ComponentShape], Meta(min_length=1, max_length=MAX_COMPONENTS)]
    restrictions: RestrictionsShape = msgspec.field(default_factory=RestrictionsShape)
    name: Text = ""
    section: Text = ""


class SeasonShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """A named part of the year: by legal time, or from `first` until before `until`."""

    name: Name
    legal_time: LegalTime | None = None
    first: DayOfYear | None = None
    until: DayOfYear | None = None


class HolidaysShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """Public holidays of a country and its region (ISO 3166), and days of your own."""

    country: Country
    region: Annotated[str, Meta(min_length=1, max_length=8, pattern="^[A-Za-z0-9]+$")] | None = None
    extra_dates: Annotated[list[date], Meta(max_length=MAX_EXTRA_DATES)] = []


class MonthlyBaseShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """A fee per calendar month, by days where only a part of the month counts."""

    price: Decimal
    vat_percent: Decimal | None = None
    name: Name = "Base fee"


class VersionShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """A tariff as it is from a day on, until the next version begins."""

    valid_from: date
    elements: Annotated[list[ElementShape], Meta(min_length=1, max_length=MAX_ELEMENTS)]
    number: Annotated[VersionNumber, Meta(description="Given by the server.")] | UnsetType = UNSET
    seasons: Annotated[list[SeasonShape], Meta(max_length=MAX_SEASONS)] = []
    holidays: HolidaysShape | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    min_price_vat_percent: Decimal | None = None
    monthly_base: MonthlyBaseShape | None = None


class RoundingShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """Half-up, each line or the total alone, to so many decimals."""

    rule: RoundingRule = RoundingRule.PER_LINE
    decimals: Annotated[int, Meta(ge=0, le=6)] = 2


class TariffShape(Struct, forbid_unknown_fields=True, kw_only=True):
    """A whole tariff."""

    name: Name
    currency: Currency
    versions: Annotated[list[VersionShape], Meta(min_length=1, max_length=MAX_VERSIONS)]
    direction: Direction = Direction.IMPORT
    tax_included: bool = False
    rounding: RoundingShape = msgspec.field(default_factory=RoundingShape)
    id: TariffId | UnsetType = UNSET


class NewTariff(TariffShape, forbid_unknown_fields=True, kw_only=True):
    """A tariff with the id that it is to have."""

    id: TariffId


def tariff_of(shape: TariffShape, tariff_id: str, numbers: Sequence[int]) -> Tariff:
    """Return a tariff as the core has it, its versions with these numbers."""
    return Tariff(
        id=tariff_id,
        name=shape.name,
        currency=shape.currency,
        versions=tuple(map(version_of, shape.versions, numbers)),
        rounding=Rounding(shape.rounding.rule, shape.rounding.decimals),
        tax_included=shape.tax_included,
        direction=shape.direction,
    )


def version_of(shape: VersionShape, number: int) -> TariffVersion:
    """Return a version as the core has it."""
    values: dict[str, Any] = msgspec.to_builtins(shape)
    values["number"] = number
    for season in values["seasons"]:
        for name in ("first", "until"):
            if season[name] is not None:
                season[name] = [int(part) for part in season[name].split("-")]
    for element in values["elements"]:
        for name in ("start_time", "end_time"):
            clock = element["restrictions"][name]
            if clock is not None and len(clock) == len("09:15"):
                element["restrictions"][name] = f"{clock}:00"
    return msgspec.convert(values, TariffVersion)


def shape_of(version: TariffVersion) -> VersionShape:
    """Return a version as the API shows it."""
    values: dict[str, Any] = msgspec.to_builtins(version)
    for season in values["seasons"]:
        for name in ("first", "until"):
            if season[name] is not None:
                month, day = season[name]
                season[name] = f"{month:02}-{day:02}"
    for element in values["elements"]:
        bounds = element["restrictions"]
        for name in ("start_time", "end_time"):
            if bounds[name] is not None:
                bounds[name] = bounds[name].removesuffix(":00")
        bounds["day_of_week"] = [day for day in Day if day in bounds["day_of_week"]]
    if values["holidays"] is not None:
        values["holidays"]["extra_dates"].sort()
    return msgspec.convert(values, VersionShape)
