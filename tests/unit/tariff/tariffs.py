"""Tariffs for tests, and short words to write them with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from csms.tariff.model import (
    SUNDAYS_AND_HOLIDAYS,
    WEEKDAYS,
    Day,
    Dimension,
    Element,
    HolidayCalendar,
    LegalTime,
    Market,
    PriceComponent,
    Restrictions,
    Season,
    Tariff,
    TariffVersion,
)

LISBON: Final = ZoneInfo("Europe/Lisbon")
BERLIN: Final = ZoneInfo("Europe/Berlin")
NEW_YORK: Final = ZoneInfo("America/New_York")

CHEIA: Final = "0.227756"
PONTA: Final = "0.245102"
SUPER_VAZIO: Final = "0.197780"
VAZIO: Final = "0.198418"

SATURDAY: Final = frozenset({Day.SATURDAY})


def _vat(percent: str | None) -> Decimal | None:
    return None if percent is None else Decimal(percent)


def energy(price: str, vat: str | None = None, *, step_wh: int = 1) -> PriceComponent:
    return PriceComponent(Dimension.ENERGY, Decimal(price), _vat(vat), step_size=step_wh)


def market_energy(surcharge: str, factor: str = "1") -> PriceComponent:
    return PriceComponent(Dimension.ENERGY, Decimal(surcharge), market=Market(Decimal(factor)))


def charging(price_per_hour: str, vat: str | None = None, *, step_s: int = 1) -> PriceComponent:
    return PriceComponent(Dimension.TIME, Decimal(price_per_hour), _vat(vat), step_size=step_s)


def parking(
    price_per_hour: str, vat: str | None = None, *, grace_s: int = 0, step_s: int = 1
) -> PriceComponent:
    return PriceComponent(
        Dimension.PARKING_TIME, Decimal(price_per_hour), _vat(vat), step_s, grace_s
    )


def flat(price: str, vat: str | None = None) -> PriceComponent:
    return PriceComponent(Dimension.FLAT, Decimal(price), _vat(vat))


def always(*components: PriceComponent, name: str = "") -> Element:
    return Element(components, name=name)


def only(restrictions: Restrictions, *components: PriceComponent, name: str = "") -> Element:
    return Element(components, restrictions, name)


def version(*elements: Element, number: int = 1, valid_from: date | None = None) -> TariffVersion:
    return TariffVersion(number, valid_from or date(2020, 1, 1), elements)


def tariff(*versions: TariffVersion) -> Tariff:
    return Tariff("tariff", "A tariff", "EUR", versions)


def simple(*elements: Element) -> Tariff:
    return tariff(version(*elements))


_CLOCKS: Final = {
    ("Summer", "weekday"): (
        ("Vazio 1", VAZIO, "00:00", "02:00"),
        ("Super vazio", SUPER_VAZIO, "02:00", "06:00"),
        ("Vazio 2", VAZIO, "06:00", "07:00"),
        ("Cheia 1", CHEIA, "07:00", "09:15"),
        ("Ponta", PONTA, "09:15", "12:15"),
        ("Cheia 2", CHEIA, "12:15", "00:00"),
    ),
    ("Summer", "Saturday"): (
        ("Vazio 1", VAZIO, "00:00", "02:00"),
        ("Super vazio", SUPER_VAZIO, "02:00", "06:00"),
        ("Vazio 2", VAZIO, "06:00", "09:00"),
        ("Cheia 1", CHEIA, "09:00", "14:00"),
        ("Vazio 3", VAZIO, "14:00", "20:00"),
        ("Cheia 2", CHEIA, "20:00", "22:00"),
        ("Vazio 4", VAZIO, "22:00", "00:00"),
    ),
    ("Winter", "weekday"): (
        ("Vazio 1", VAZIO, "00:00", "02:00"),
        ("Super vazio", SUPER_VAZIO, "02:00", "06:00"),
        ("Vazio 2", VAZIO, "06:00", "07:00"),
        ("Cheia 1", CHEIA, "07:00", "09:30"),
        ("Ponta 1", PONTA, "09:30", "12:00"),
        ("Cheia 2", CHEIA, "12:00", "18:30"),
        ("Ponta 2", PONTA, "18:30", "21:00"),
        ("Cheia 3", CHEIA, "21:00", "00:00"),
    ),
    ("Winter", "Saturday"): (
        ("Vazio 1", VAZIO, "00:00", "02:00"),
        ("Super vazio", SUPER_VAZIO, "02:00", "06:00"),
        ("Vazio 2", VAZIO, "06:00", "09:30"),
        ("Cheia 1", CHEIA, "09:30", "13:00"),
        ("Vazio 3", VAZIO, "13:00", "18:30"),
        ("Cheia 2", CHEIA, "18:30", "22:00"),
        ("Vazio 4", VAZIO, "22:00", "00:00"),
    ),
    ("Summer", "Sunday"): (
        ("Vazio 1", VAZIO, "00:00", "02:00"),
        ("Super vazio", SUPER_VAZIO, "02:00", "06:00"),
        ("Vazio 2", VAZIO, "06:00", "00:00"),
    ),
    ("Winter", "Sunday"): (
        ("Vazio 1", VAZIO, "00:00", "02:00"),
        ("Super vazio", SUPER_VAZIO, "02:00", "06:00"),
        ("Vazio 2", VAZIO, "06:00", "00:00"),
    ),
}
_DAYS: Final = {"weekday": WEEKDAYS, "Saturday": SATURDAY, "Sunday": SUNDAYS_AND_HOLIDAYS}
SEASONS: Final = (
    Season("Summer", legal_time=LegalTime.SUMMER),
    Season("Winter", legal_time=LegalTime.WINTER),
)


def four_periods(
    country: str = "PT", *, without: Iterable[tuple[str, str, str]] = ()
) -> TariffVersion:
    """The Portuguese weekly cycle: super off-peak, off-peak, half-peak and peak.

    `without`: (season, day, period) to leave out.
    """
    elements = tuple(
        Element(
            (energy(price),),
            Restrictions(
                start_time=time.fromisoformat(start),
                end_time=time.fromisoformat(end),
                day_of_week=_DAYS[day],
                season=season,
            ),
            name,
            f"{season}/{day}",
        )
        for (season, day), periods in _CLOCKS.items()
        for name, price, start, end in periods
        if (season, day, name) not in set(without)
    )
    return TariffVersion(1, date(2020, 1, 1), elements, SEASONS, HolidayCalendar(country))


FOUR_PERIODS: Final = Tariff("tetra", "Four periods", "EUR", (four_periods(),))
