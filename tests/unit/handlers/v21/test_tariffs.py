"""Our tariffs in the words of OCPP 2.1: the same price for the same moment, or a refusal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from csms.errors import InvalidValueError
from csms.gateway.schemas import Schemas
from csms.handlers.v21.tariffs import write_tariff
from csms.model import OcppVersion
from csms.tariff.model import (
    WEEKDAYS,
    Dimension,
    Direction,
    Element,
    HolidayCalendar,
    Market,
    PriceComponent,
    Restrictions,
    Season,
    Tariff,
    TariffVersion,
)

TODAY = date(2026, 6, 15)
SCHEMA = Schemas(OcppVersion.V21).requests["SetDefaultTariff"]


def component(price: str, type_: Dimension = Dimension.ENERGY, **more: Any) -> PriceComponent:
    return PriceComponent(type_, Decimal(price), **more)


def tariff(*elements: Element, version: dict[str, Any] | None = None, **more: Any) -> Tariff:
    made = TariffVersion(1, date(2026, 1, 1), elements, **(version or {}))
    return Tariff("night", "Day and night", "EUR", (made,), **more)


def written(ours: Tariff) -> dict[str, Any]:
    payload = write_tariff(ours, TODAY)
    SCHEMA.check({"evseId": 0, "tariff": payload})
    return payload


def test_the_first_price_that_applies_counts_in_both() -> None:
    night = Restrictions(start_time=time(22), end_time=time(6), day_of_week=WEEKDAYS)
    ours = tariff(
        Element((component("0.15", vat_percent=Decimal(23)),), night),
        Element((component("0.30", vat_percent=Decimal(23)),)),
    )
    assert written(ours)["energy"] == {
        "prices": [
            {
                "priceKwh": 0.15,
                "conditions": {
                    "startTimeOfDay": "22:00",
                    "endTimeOfDay": "06:00",
                    "dayOfWeek": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"],
                },
            },
            {"priceKwh": 0.3},
        ],
        "taxRates": [{"type": "VAT", "tax": 23}],
    }


def test_prices_per_hour_become_prices_per_minute_and_grace_a_condition() -> None:
    ours = tariff(
        Element(
            (
                component("1.20", Dimension.TIME),
                component("6", Dimension.PARKING_TIME, grace_s=900),
                component("0.50", Dimension.FLAT),
            )
        )
    )
    payload = written(ours)
    assert payload["chargingTime"]["prices"] == [{"priceMinute": 0.02}]
    assert payload["idleTime"]["prices"] == [
        {"priceMinute": 0.1, "conditions": {"minIdleTime": 900}}
    ]
    assert payload["fixedFee"]["prices"] == [{"priceFixed": 0.5}]
    assert "taxRates" not in payload["fixedFee"]


def test_prices_with_tax_are_written_without() -> None:
    with_tax = tariff(
        Element((component("0.369", vat_percent=Decimal(23)),)),
        tax_included=True,
        version={"min_price": Decimal(2), "max_price": Decimal(40)},
    )
    payload = written(with_tax)
    assert payload["energy"]["prices"] == [{"priceKwh": 0.3}]
    assert (payload["minCost"], payload["maxCost"]) == ({"inclTax": 2}, {"inclTax": 40})


def test_amounts_of_energy_and_time_are_in_wh_and_seconds() -> None:
    first = Restrictions(max_kwh=Decimal(20), max_duration_s=3600, start_date=TODAY)
    ours = tariff(Element((component("0.2"),), first), Element((component("0.4"),)))
    assert written(ours)["energy"]["prices"][0]["conditions"] == {
        "validFromDate": "2026-06-15",
        "maxEnergy": 20000,
        "maxTime": 3600,
    }


def test_the_version_of_the_day_is_written_and_another_content_has_another_id() -> None:
    ours = tariff(Element((component("0.2"),)))
    (old,) = ours.versions
    new = replace(old, number=2, valid_from=TODAY, elements=(Element((component("0.3"),)),))
    later = replace(ours, versions=(old, new))
    assert written(later)["energy"]["prices"] == [{"priceKwh": 0.3}]
    assert written(later)["tariffId"] != written(ours)["tariffId"]
    assert written(ours)["tariffId"].startswith("night-")
    assert written(ours) == written(ours)


@pytest.mark.parametrize(
    ("ours", "reason"),
    [
        (tariff(Element((component("0.2", market=Market()),))), "market"),
        (tariff(Element((component("0.2", step_size=1000),))), "steps"),
        (
            tariff(
                Element((component("0.2"),), Restrictions(season="summer")),
                version={"seasons": (Season("summer"),)},
            ),
            "seasons",
        ),
        (
            tariff(
                Element((component("0.2"),), Restrictions(day_of_week=WEEKDAYS)),
                version={"holidays": HolidayCalendar("PT")},
            ),
            "holidays",
        ),
        (
            tariff(
                Element(
                    (component("0.2", vat_percent=Decimal(6)),), Restrictions(max_kwh=Decimal(1))
                ),
                Element((component("0.2", vat_percent=Decimal(23)),)),
            ),
            "VAT",
        ),
        (
            tariff(Element((component("1", Dimension.FLAT),), Restrictions(min_kwh=Decimal(1)))),
            "fixed fees",
        ),
        (tariff(Element((component("0.2"),)), direction=Direction.EXPORT), "drawn"),
    ],
)
def test_what_a_station_could_not_bill_the_same_is_refused(ours: Tariff, reason: str) -> None:
    with pytest.raises(InvalidValueError, match=reason):
        write_tariff(ours, TODAY)


def test_a_tariff_that_is_not_valid_yet_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="valid on"):
        write_tariff(tariff(Element((component("0.2"),))), date(2025, 12, 31))
