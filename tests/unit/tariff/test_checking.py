"""A bad tariff is refused, and the error names the field and the gap."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from decimal import Decimal

import pytest
from unit.tariff.tariffs import (
    BERLIN,
    FOUR_PERIODS,
    LISBON,
    NEW_YORK,
    SEASONS,
    always,
    charging,
    energy,
    flat,
    four_periods,
    only,
    parking,
    simple,
    tariff,
    version,
)

from csms.errors import InvalidValueError
from csms.tariff.checking import check, refuse_bad
from csms.tariff.model import (
    WEEKDAYS,
    Day,
    Dimension,
    Element,
    HolidayCalendar,
    LegalTime,
    Market,
    MonthDay,
    PriceComponent,
    Restrictions,
    Rounding,
    Season,
    Tariff,
    TariffVersion,
)

GOOD = version(always(energy("0.30")))


def findings(bad: Tariff) -> list[tuple[str, object]]:
    return [(finding.field, finding.value) for finding in check(bad, [LISBON])]


def test_the_four_period_tariff_is_good_everywhere() -> None:
    assert check(FOUR_PERIODS, [LISBON, BERLIN, NEW_YORK]) == []


def test_a_gap_is_named_by_day_time_season_and_first_date() -> None:
    without = four_periods(without=[("Summer", "Sunday", "Vazio 2")])

    assert findings(tariff(without)) == [
        (
            "versions/0/elements",
            "no ENERGY price on SUNDAY, HOLIDAY 06:00–24:00 in Summer, first on 2020-03-29",
        )
    ]


def test_a_gap_is_one_gap_whatever_else_begins_meanwhile() -> None:
    morning = only(Restrictions(start_time=time(0), end_time=time(6)), energy("0.1"))
    noon = only(Restrictions(start_time=time(12), end_time=time(13)), parking("1"))

    assert findings(simple(morning, noon)) == [
        ("versions/0/elements", "no ENERGY price every day 06:00–24:00, first on 2020-01-01")
    ]


def test_holidays_without_a_price_are_a_gap() -> None:
    days = frozenset(Day) - {Day.HOLIDAY}
    only_weekdays = only(Restrictions(day_of_week=days), energy("0.30"))
    bad = replace(version(only_weekdays), holidays=HolidayCalendar("PT"))

    assert findings(tariff(bad)) == [
        ("versions/0/elements", "no ENERGY price on HOLIDAY 00:00–24:00, first on 2020-01-01")
    ]


def test_a_tier_without_a_price_is_a_gap() -> None:
    bad = simple(only(Restrictions(max_kwh=Decimal(10)), energy("0.30")))

    ((_, what),) = findings(bad)

    assert what == "no ENERGY price from 10 kWh on every day 00:00–24:00, first on 2020-01-01"


def test_prices_that_end_with_a_date_leave_a_gap_unless_a_version_follows() -> None:
    ending = version(only(Restrictions(end_date=date(2026, 1, 1)), energy("0.30")))
    following = version(always(energy("0.40")), number=2, valid_from=date(2026, 1, 1))

    ((_, what),) = findings(tariff(ending))

    assert str(what).endswith("first on 2026-01-01")
    assert findings(tariff(ending, following)) == []


def test_two_periods_at_one_time_are_refused() -> None:
    night = only(Restrictions(start_time=time(22), end_time=time(7)), energy("0.1"), name="N")
    day = only(Restrictions(start_time=time(6), end_time=time(22)), energy("0.2"), name="D")

    ((field, what),) = findings(simple(night, day))

    assert field == "versions/0/elements"
    assert str(what).startswith(
        "two ENERGY prices, of element 0 (N) and element 1 (D), every day 06:00–07:00"
    )


def test_one_element_may_be_for_all_other_times_if_it_comes_last() -> None:
    night = only(Restrictions(start_time=time(22), end_time=time(7)), energy("0.1"), name="Night")
    other = always(energy("0.2"), name="Day")

    assert findings(simple(night, other)) == []
    assert len(findings(simple(other, night))) == 2


def test_only_one_element_may_be_for_all_other_times() -> None:
    ((_, what),) = findings(simple(always(energy("0.2")), always(energy("0.3"))))

    assert str(what).startswith("two ENERGY prices, of element 0 and element 1, every day")


def test_time_and_parking_may_be_free_at_times_beside_an_energy_price() -> None:
    at_day = Restrictions(start_time=time(8), end_time=time(20), day_of_week=WEEKDAYS)

    assert findings(simple(always(energy("0.3")), only(at_day, charging("1"), parking("2")))) == []


def test_a_tariff_by_time_alone_needs_a_price_for_every_time() -> None:
    at_day = Restrictions(start_time=time(8), end_time=time(20))

    found = findings(simple(only(at_day, charging("1"))))

    assert [what for _, what in found] == [
        "no TIME price every day 00:00–08:00, first on 2020-01-01",
        "no TIME price every day 20:00–24:00, first on 2020-01-01",
    ]


def test_an_error_names_field_value_and_what_is_allowed() -> None:
    with pytest.raises(InvalidValueError) as error:
        refuse_bad(replace(FOUR_PERIODS, currency="euro"), [LISBON])

    assert error.value.field == "currency"
    assert error.value.value == "euro"
    assert "EUR" in error.value.allowed


def energy_with(component: PriceComponent) -> TariffVersion:
    return version(Element((component,)))


ENERGY = Dimension.ENERGY
SEASON_TWICE = (SEASONS[0], SEASONS[0])
BOTH_WAYS = (Season("Summer", LegalTime.SUMMER, MonthDay(4, 1), MonthDay(10, 1)),)
NO_SUCH_DAY = (Season("Summer", first=MonthDay(4, 31), until=MonthDay(10, 1)),)


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (energy_with(PriceComponent(ENERGY, Decimal("-0.1"))), "elements/0/components/0/price"),
        (energy_with(PriceComponent(ENERGY, Decimal("NaN"))), "elements/0/components/0/price"),
        (energy_with(PriceComponent(ENERGY, Decimal("1e-11"))), "elements/0/components/0/price"),
        (
            energy_with(PriceComponent(ENERGY, Decimal(1), Decimal(101))),
            "elements/0/components/0/vat_percent",
        ),
        (
            energy_with(PriceComponent(ENERGY, Decimal(1), step_size=0)),
            "elements/0/components/0/step_size",
        ),
        (
            energy_with(PriceComponent(ENERGY, Decimal(1), grace_s=60)),
            "elements/0/components/0/grace_s",
        ),
        (
            energy_with(PriceComponent(ENERGY, Decimal(1), market=Market(cap=Decimal("Infinity")))),
            "elements/0/components/0/market/cap",
        ),
        (
            version(always(flat("1"), PriceComponent(Dimension.TIME, Decimal(1), market=Market()))),
            "elements/0/components/1/market",
        ),
        (version(always(energy("1"), energy("2"))), "elements/0/components/1/type"),
        (version(always(energy("1")), always()), "elements/1/components"),
        (version(always(parking("1"))), "elements"),
        (
            version(only(Restrictions(season="Spring"), energy("1"))),
            "elements/0/restrictions/season",
        ),
        (
            version(only(Restrictions(day_of_week=frozenset({Day.HOLIDAY})), energy("1"))),
            "elements/0/restrictions/day_of_week",
        ),
        (
            version(only(Restrictions(start_time=time(8), end_time=time(8)), energy("1"))),
            "elements/0/restrictions/end_time",
        ),
        (
            version(only(Restrictions(min_kwh=Decimal(5), max_kwh=Decimal(5)), energy("1"))),
            "elements/0/restrictions/max_kwh",
        ),
        (
            version(only(Restrictions(min_duration_s=-1), energy("1"))),
            "elements/0/restrictions/min_duration_s",
        ),
        (replace(GOOD, holidays=HolidayCalendar("XX")), "holidays/country"),
        (replace(GOOD, holidays=HolidayCalendar("DE", "ZZ")), "holidays/region"),
        (replace(GOOD, seasons=SEASON_TWICE), "seasons/1/name"),
        (replace(GOOD, seasons=BOTH_WAYS), "seasons/0"),
        (replace(GOOD, seasons=(Season("Never"),)), "seasons/0"),
        (replace(GOOD, seasons=NO_SUCH_DAY), "seasons/0/first"),
        (replace(GOOD, min_price=Decimal(2), max_price=Decimal(1)), "max_price"),
    ],
)
def test_a_bad_value_is_found_in_its_field(bad: TariffVersion, field: str) -> None:
    fields = [found for found, _ in findings(tariff(bad))]

    assert fields == [f"versions/0/{field}"]


def test_versions_and_rounding_are_looked_at_too() -> None:
    assert findings(tariff()) == [("versions", 0)]
    assert findings(replace(tariff(GOOD), rounding=Rounding(decimals=9))) == [
        ("rounding/decimals", 9)
    ]
    assert findings(tariff(GOOD, GOOD)) == [
        ("versions/1/number", "1"),
        ("versions/1/valid_from", "2020-01-01"),
    ]
