"""Transactions as CDRs of OCPI 2.2.1."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from ocmf import SigningMeter
from unit.statements.ocpi import CDR
from unit.tariff.june_transactions import june_transactions
from unit.tariff.tariffs import (
    FOUR_PERIODS,
    LISBON,
    always,
    charging,
    energy,
    flat,
    market_energy,
    parking,
    tariff,
    version,
)
from unit.tariff.usages import local, steady, usage

from csms.signed_readings.samples import SignedSample
from csms.statements.cdr import CdrFacts, Party, Place, cdr, credit
from csms.tariff.dynamic import MarketPoint, MarketPrices
from csms.tariff.model import Tariff
from csms.tariff.pricing import PricedTransaction, Pricer
from csms.tariff.usage import Activity, Spell

PLACE = Place(
    site_id="garage",
    name="Garage",
    address="Rua da Fonte 12",
    city="Lisboa",
    postal_code="",
    country="PRT",
    latitude=38.7223,
    longitude=-9.1393,
    charge_point_id="CP/1 a",
    evse_id=2,
    connector_id=1,
    standard="IEC_62196_T2",
    format="SOCKET",
    power_type="AC_3_PHASE",
)
TEN = local("2025-06-10 10:00", LISBON)


def facts(priced: PricedTransaction, of: Tariff, **changed: Any) -> CdrFacts:
    net, gross = priced.bill.net, priced.bill.gross
    assert net is not None
    assert gross is not None
    made = CdrFacts(
        party=Party("PT", "GCL"),
        place=PLACE,
        transaction_id=priced.usage.transaction_id,
        revision=1,
        started_at=priced.usage.started_at,
        ended_at=priced.usage.ended_at,
        energy_wh=priced.usage.energy_wh or Decimal(0),
        currency=of.currency,
        net=net,
        gross=gross,
        lines=priced.lines,
        tariff=of,
        id_token="04A1B2",
        id_token_type="ISO14443",
        user_id="flat-7",
        started_by_command=False,
        meter_id="M-1",
        priced_at=datetime(2025, 7, 1, tzinfo=UTC),
    )
    return replace(made, **changed)


def told(priced: PricedTransaction, of: Tariff, **changed: Any) -> Any:
    """The CDR as a receiver reads it, checked against what OCPI asks for."""
    encoder = msgspec.json.Encoder(decimal_format="number")
    read = msgspec.json.decode(encoder.encode(cdr(facts(priced, of, **changed))))
    jsonschema_rs.validator_for(CDR, validate_formats=True).validate(read)
    return read


def priced_by(of: Tariff, *args: Any) -> PricedTransaction:
    return Pricer(of, LISBON).price(*args)


def test_every_transaction_of_june_is_a_cdr_and_together_they_have_all_its_energy() -> None:
    made = [told(priced_by(FOUR_PERIODS, usage), FOUR_PERIODS) for usage in june_transactions()]

    assert round(sum(each["total_energy"] for each in made), 3) == 360.018
    for each in made:
        volumes = [
            dimension["volume"]
            for period in each["charging_periods"]
            for dimension in period["dimensions"]
        ]
        assert round(sum(volumes), 6) == each["total_energy"]


def test_a_period_begins_where_the_price_changes() -> None:
    made = told(priced_by(FOUR_PERIODS, june_transactions()[1]), FOUR_PERIODS)

    assert [period["start_date_time"] for period in made["charging_periods"]] == [
        "2025-06-03T07:10:00Z",
        "2025-06-03T08:15:00Z",
    ]
    assert made["charging_periods"][0]["dimensions"] == [{"type": "ENERGY", "volume": 2.863}]
    assert made["total_cost"] == {"excl_vat": 3.99, "incl_vat": 3.99}
    assert {period["tariff_id"] for period in made["charging_periods"]} == {"tetra-1"}


def test_the_tariff_has_the_elements_that_counted_with_their_prices() -> None:
    (of,) = told(priced_by(FOUR_PERIODS, june_transactions()[1]), FOUR_PERIODS)["tariffs"]

    prices = [element["price_components"][0]["price"] for element in of["elements"]]
    assert prices == [0.227756, 0.245102]
    restrictions = of["elements"][0]["restrictions"]
    assert (restrictions["start_time"], restrictions["end_time"]) == ("07:00", "09:15")


def test_costs_are_told_by_what_they_are_for() -> None:
    of = tariff(
        version(always(energy("0.30", "23"), charging("1.20"), parking("6.00"), flat("0.50")))
    )
    parked = usage(TEN, [(0, "0"), (60, "10"), (90, "10")])
    spells = (
        Spell(TEN, TEN + timedelta(minutes=60), Activity.CHARGING),
        Spell(TEN + timedelta(minutes=60), TEN + timedelta(minutes=90), Activity.PARKED),
    )
    made = told(priced_by(of, replace(parked, spells=spells)), of)

    assert made["total_energy_cost"] == {"excl_vat": 3.0, "incl_vat": 3.69}
    assert made["total_time_cost"] == {"excl_vat": 1.2, "incl_vat": 1.2}
    assert made["total_parking_cost"] == {"excl_vat": 3.0, "incl_vat": 3.0}
    assert made["total_fixed_cost"] == {"excl_vat": 0.5, "incl_vat": 0.5}
    assert (made["total_time"], made["total_parking_time"]) == (1.5, 0.5)
    assert made["total_cost"] == {"excl_vat": 7.7, "incl_vat": 8.39}


@pytest.mark.parametrize(
    ("parked_min", "time_cost", "parking_cost"), [(0, 1.0, None), (31, 0.95, 3.5)]
)
def test_a_step_of_time_is_paid_for_what_came_last(
    parked_min: int, time_cost: float, parking_cost: float | None
) -> None:
    by_time = replace(charging("1.00"), step_size=300)
    by_parking = replace(parking("6.00"), step_size=300)
    of = tariff(version(always(energy("0.30"), by_time, by_parking)))
    end = 57 + parked_min
    used = usage(TEN, [(0, "0"), (57, "10"), *([(end, "10")] if parked_min else [])])
    left = TEN + timedelta(minutes=57)
    spells = [Spell(TEN, left, Activity.CHARGING)]
    if parked_min:
        spells.append(Spell(left, TEN + timedelta(minutes=end), Activity.PARKED))
    made = told(priced_by(of, replace(used, spells=tuple(spells))), of)

    assert made["total_time_cost"]["excl_vat"] == time_cost
    assert made.get("total_parking_cost", {}).get("excl_vat") == parking_cost


def test_prices_that_include_vat_are_told_without_it() -> None:
    of = replace(tariff(version(always(energy("0.369", "23")))), tax_included=True)
    made = told(priced_by(of, steady(TEN, 60, "10")), of)

    assert made["tariffs"][0]["elements"][0]["price_components"] == [
        {"type": "ENERGY", "price": 0.3, "step_size": 1, "vat": 23}
    ]
    assert made["total_cost"] == {"excl_vat": 3.0, "incl_vat": 3.69}


def test_a_market_price_is_told_as_its_mean() -> None:
    of = tariff(version(always(market_energy("0.05"))))
    quarters = [TEN + timedelta(minutes=15 * number) for number in range(4)]
    points = [
        MarketPoint(at, Decimal(price))
        for at, price in zip(quarters, ("0.10", "0.10", "0.20", "0.20"), strict=True)
    ]
    made = told(priced_by(of, steady(TEN, 60, "10"), MarketPrices(points)), of)

    assert made["tariffs"][0]["elements"][0]["price_components"][0]["price"] == 0.2


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("ISO14443", "RFID"), ("Central", "OTHER"), ("DirectPayment", "AD_HOC_USER"), (None, "OTHER")],
)
def test_a_tokens_kind_is_told_in_ocpis_words(kind: str | None, expected: str) -> None:
    made = told(priced_by(FOUR_PERIODS, june_transactions()[0]), FOUR_PERIODS, id_token_type=kind)
    assert made["cdr_token"]["type"] == expected


def test_what_was_started_by_command_says_so() -> None:
    priced = priced_by(FOUR_PERIODS, june_transactions()[0])
    assert told(priced, FOUR_PERIODS)["auth_method"] == "WHITELIST"
    assert told(priced, FOUR_PERIODS, started_by_command=True)["auth_method"] == "COMMAND"


def test_a_transaction_without_energy_is_a_cdr_too() -> None:
    made = told(priced_by(FOUR_PERIODS, usage(TEN, [(0, "1"), (5, "1")])), FOUR_PERIODS)

    assert (made["total_energy"], len(made["charging_periods"])) == (0, 1)


def test_a_new_price_has_an_id_of_its_own_and_the_old_one_is_credited() -> None:
    priced = priced_by(FOUR_PERIODS, june_transactions()[0])
    second = cdr(facts(priced, FOUR_PERIODS, revision=2))
    taken_back = credit(facts(priced, FOUR_PERIODS))

    assert (second["id"], taken_back["id"]) == ("1-2", "1-C")
    assert taken_back["credit"] is True
    assert taken_back["credit_reference_id"] == "1"
    assert taken_back["total_cost"] == {"excl_vat": Decimal("-6.88"), "incl_vat": Decimal("-6.88")}
    assert taken_back["total_energy"] == Decimal("-30.209")


def test_an_evse_id_is_made_of_the_letters_and_digits_of_the_identity() -> None:
    made = told(priced_by(FOUR_PERIODS, june_transactions()[0]), FOUR_PERIODS)
    assert made["cdr_location"]["evse_id"] == "PT*GCL*ECP1A*2"


def signed(*texts: str, encoding: str = "OCMF", **changed: Any) -> Any:
    """The signed data of a CDR whose meter signed these texts."""
    priced = priced_by(FOUR_PERIODS, steady(TEN, 60, "1"))
    samples = [SignedSample(encoding, each) for each in texts]
    return told(priced, FOUR_PERIODS, signed=samples, **changed).get("signed_data")


def test_what_the_meter_signed_is_told_with_its_key_and_what_it_stands_for() -> None:
    meter = SigningMeter()
    records = [meter.record(("B", 1.0)), meter.record(("C", 1.5)), meter.record(("E", 2.0))]
    made = signed(*records, public_key=meter.public_key)

    assert (made["encoding_method"], made["public_key"]) == ("OCMF", meter.public_key)
    values = made["signed_values"]
    assert [each["nature"] for each in values] == ["Start", "Intermediate", "End"]
    assert [base64.b64decode(each["signed_data"]).decode() for each in values] == records
    assert values[0]["plain_data"] == records[0].split("|")[1]


def test_a_cdr_of_a_meter_that_signs_nothing_has_no_signed_data() -> None:
    assert signed() is None


def test_signed_data_of_an_unknown_format_is_told_as_it_came() -> None:
    made = signed("first", "middle\n", "last", encoding="EDL")
    assert [each["nature"] for each in made["signed_values"]] == ["Start", "Intermediate", "End"]
    assert [each["plain_data"] for each in made["signed_values"]] == ["first", "middle", "last"]


def test_signed_values_are_never_cut_and_never_too_many() -> None:
    meter = SigningMeter()
    too_long = meter.record(("C", 1.5), CT="x" * 4000)
    texts = [meter.record(("B", 1.0)), too_long, *["OCMF|{}|{}"] * 300, meter.record(("E", 2.0))]
    values = signed(*texts)["signed_values"]
    assert len(values) == 200
    assert [values[0]["nature"], values[-1]["nature"]] == ["Start", "End"]
    assert base64.b64encode(too_long.encode()).decode() not in {v["signed_data"] for v in values}
