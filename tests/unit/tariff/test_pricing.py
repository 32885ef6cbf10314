"""Worked examples: what transactions cost, calculated by hand beforehand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from unit.tariff.tariffs import (
    LISBON,
    always,
    charging,
    energy,
    flat,
    market_energy,
    only,
    parking,
    simple,
    tariff,
    version,
)
from unit.tariff.usages import local, steady, usage

from csms.tariff.billing import BillLine
from csms.tariff.dynamic import MarketPoint, MarketPrices
from csms.tariff.lines import LineKind
from csms.tariff.model import Restrictions, Rounding, RoundingRule, Tariff
from csms.tariff.pricing import PricedTransaction, Pricer, unpriced
from csms.tariff.usage import Activity, Spell, Usage

MORNING = local("2026-03-02 08:00", LISBON)


def after(minutes: int) -> datetime:
    return MORNING + timedelta(minutes=minutes)


def price(of: Tariff, used: Usage, market: MarketPrices | None = None) -> PricedTransaction:
    pricer = Pricer(of, LISBON)
    return pricer.price(used) if market is None else pricer.price(used, market)


def kinds(priced: PricedTransaction) -> dict[str, tuple[Decimal, Decimal | None]]:
    return {line.kind: (line.quantity, line.amount) for line in priced.bill.lines}


def by_name(priced: PricedTransaction) -> dict[str, Decimal]:
    return {line.name: line.quantity for line in priced.bill.lines}


def test_energy_flat_and_time_each_have_their_line_and_their_vat() -> None:
    """1.00 flat + 10 kWh × 0.25 = 2.50 at 20 % + 2 h × 0.60 = 1.20 at 10 %."""
    of = simple(always(flat("1.00", "20"), energy("0.25", "20"), charging("0.60", "10")))

    priced = price(of, steady(MORNING, 120, "5"))

    assert kinds(priced) == {
        "FLAT": (Decimal(1), Decimal("1.00")),
        "ENERGY": (Decimal(10), Decimal("2.50")),
        "TIME": (Decimal(7200), Decimal("1.20")),
    }
    assert [(each.vat_percent, each.net, each.vat) for each in priced.bill.vat] == [
        (Decimal(10), Decimal("1.20"), Decimal("0.12")),
        (Decimal(20), Decimal("3.50"), Decimal("0.70")),
    ]
    assert priced.bill.net == Decimal("4.70")
    assert priced.bill.gross == Decimal("5.52")


def test_prices_may_include_vat() -> None:
    """10 kWh × 0.246 = 2.46 with 23 % in it: 2.00 + 0.46."""
    of = replace(simple(always(energy("0.246", "23"))), tax_included=True)

    bill = price(of, steady(MORNING, 60, "10")).bill

    assert (bill.gross, bill.net) == (Decimal("2.46"), Decimal("2.00"))


def test_the_first_ten_kwh_cost_more_than_the_rest() -> None:
    """10 kWh × 0.40 + 5 kWh × 0.20 = 5.00; the tenth kWh falls between two readings."""
    of = simple(
        only(Restrictions(max_kwh=Decimal(10)), energy("0.40"), name="First"),
        always(energy("0.20"), name="Rest"),
    )
    used = usage(MORNING, [(0, "500"), (7, "501.1"), (53, "511.3"), (90, "515")])

    priced = price(of, used)

    assert by_name(priced) == {"First": Decimal(10), "Rest": Decimal(5)}
    assert priced.bill.net == Decimal("5.00")


def test_the_price_steps_up_after_two_hours() -> None:
    """2 h × 1.00 + 1 h × 3.00."""
    of = simple(
        only(Restrictions(max_duration_s=7200), charging("1.00")),
        only(Restrictions(min_duration_s=7200), charging("3.00")),
    )

    assert price(of, steady(MORNING, 180, "7")).bill.net == Decimal("5.00")


def test_idle_time_costs_after_the_grace_period() -> None:
    """Charging until 09:00, gone at 11:00: 2 h parked, 30 min of them free: 1.5 h × 4.00."""
    of = simple(always(energy("0.20"), parking("4.00", grace_s=1800)))
    used = usage(MORNING, [(0, "0"), (30, "5"), (60, "10"), (90, "10"), (150, "10"), (180, "10")])

    priced = price(of, used)

    assert kinds(priced)["PARKING_TIME"] == (Decimal(5400), Decimal("6.00"))
    (line,) = [line for line in priced.lines if line.kind is LineKind.PARKING_TIME]
    assert line.started_at == after(90)


def test_a_vehicle_that_only_trickles_is_parked() -> None:
    of = simple(always(energy("0.20"), parking("4.00")))
    used = usage(MORNING, [(0, "0"), (30, "5"), (60, "5.02"), (90, "5.04")])

    assert kinds(price(of, used))["PARKING_TIME"][0] == Decimal(3600)


def test_nobody_pays_idle_time_while_the_charger_holds_the_car_back() -> None:
    of = simple(always(energy("0.20"), parking("4.00"), charging("0")))
    held = Spell(MORNING + timedelta(minutes=30), after(90), Activity.WITHHELD)
    readings = [(0, "0"), (30, "5"), (60, "5"), (90, "5"), (120, "10")]

    assert "PARKING_TIME" in kinds(price(of, usage(MORNING, readings)))
    assert "PARKING_TIME" not in kinds(price(of, usage(MORNING, readings, spells=[held])))


def test_what_a_charger_told_counts_more_than_what_readings_show() -> None:
    of = simple(always(energy("0.20"), parking("4.00")))
    told = Spell(after(50), after(60), Activity.PARKED)

    priced = price(of, usage(MORNING, [(0, "0"), (30, "5"), (60, "8")], spells=[told]))

    assert kinds(priced)["PARKING_TIME"][0] == Decimal(600)


def test_of_two_spells_told_for_one_time_the_later_one_counts() -> None:
    of = simple(always(energy("0.20"), parking("4.00")))
    told = [
        Spell(after(0), after(60), Activity.CHARGING),
        Spell(after(40), after(50), Activity.PARKED),
    ]

    priced = price(of, usage(MORNING, [(0, "0"), (30, "5"), (60, "8")], spells=told))

    assert kinds(priced)["PARKING_TIME"][0] == Decimal(600)


def test_nobody_pays_idle_time_that_no_reading_shows() -> None:
    of = simple(always(energy("0.20"), parking("4.00")))
    used = replace(usage(MORNING, [(0, "0"), (30, "5"), (60, "8")]), meter_stop_wh=None)
    later = replace(used, ended_at=MORNING + timedelta(hours=5), energy_wh=Decimal(5000))

    assert "PARKING_TIME" not in kinds(price(of, later))


def test_a_transaction_costs_at_least_the_minimum() -> None:
    """0.333 + 0.333 is rounded to 0.33 + 0.33; 0.34 is missing to 1.00."""
    of = tariff(replace(version(always(flat("0.333"), energy("0.333"))), min_price=Decimal("1.00")))

    priced = price(of, steady(MORNING, 60, "1"))

    assert kinds(priced)["MINIMUM"] == (Decimal(1), Decimal("0.34"))
    assert priced.bill.net == Decimal("1.00")


def test_a_transaction_costs_at_most_the_maximum_and_each_vat_rate_gets_its_share() -> None:
    """6.00 at 23 % and 2.00 at 6 % are 8.00; 4.00 too much: 3.00 and 1.00 come off."""
    of = tariff(
        replace(version(always(flat("2.00", "6"), energy("0.60", "23"))), max_price=Decimal("4.00"))
    )

    bill = price(of, steady(MORNING, 60, "10")).bill

    assert bill.net == Decimal("4.00")
    assert [(each.vat_percent, each.net) for each in bill.vat] == [
        (Decimal(6), Decimal("1.00")),
        (Decimal(23), Decimal("3.00")),
    ]


def test_energy_is_billed_in_whole_steps_once_and_the_measured_energy_stays() -> None:
    """3.3 kWh in steps of 1 kWh: 0.7 kWh are added at the last price."""
    of = simple(always(energy("0.50", step_wh=1000)))

    priced = price(of, usage(MORNING, [(0, "0"), (30, "2"), (60, "3.3")]))

    assert kinds(priced) == {
        "ENERGY": (Decimal("3.3"), Decimal("1.65")),
        "STEP": (Decimal("0.7"), Decimal("0.35")),
    }


def test_time_is_billed_in_whole_steps_of_what_came_last() -> None:
    """62 min of charging at 1.20/h, then 7 min parked in steps of 5 min at 6.00/h."""
    of = simple(always(charging("1.20", step_s=300), parking("6.00", step_s=300)))
    used = usage(MORNING, [(0, "0"), (30, "3"), (62, "6"), (69, "6")])

    assert kinds(price(of, used)) == {
        "TIME": (Decimal(3720), Decimal("1.24")),
        "PARKING_TIME": (Decimal(420), Decimal("0.70")),
        "STEP": (Decimal(180), Decimal("0.30")),
    }


def test_a_transaction_across_a_new_version_is_split_at_midnight() -> None:
    of = tariff(
        version(always(energy("0.20"))),
        version(always(energy("0.30")), number=2, valid_from=date(2026, 7, 1)),
    )

    priced = price(of, steady(local("2026-06-30 23:00", LISBON), 180, "6"))

    assert priced.versions == (1, 2)
    assert [(line.version, line.quantity, line.amount) for line in priced.lines] == [
        (1, Decimal(6), Decimal("1.20")),
        (2, Decimal(12), Decimal("3.60")),
    ]


def test_energy_before_the_first_version_is_unpriced_never_free() -> None:
    of = tariff(version(always(energy("0.20")), valid_from=date(2026, 7, 1)))

    bill = price(of, steady(local("2026-06-30 23:00", LISBON), 180, "6")).bill

    assert not bill.complete
    assert bill.net is None
    assert bill.gross is None
    assert bill.unpriced_kwh == Decimal(6)
    assert bill.priced_net == Decimal("2.40")
    (line,) = [line for line in bill.lines if line.amount is None]
    assert line.reason == "the tariff begins on 2026-07-01"


def test_a_transaction_without_a_tariff_is_unpriced() -> None:
    priced = unpriced(steady(MORNING, 60, "10"), "no tariff is assigned to site rua-9")

    (line,) = priced.bill.lines
    assert isinstance(line, BillLine)
    assert (line.quantity, line.amount, line.reason) == (
        Decimal(10),
        None,
        "no tariff is assigned to site rua-9",
    )
    assert priced.bill.net is None


def test_a_transaction_whose_energy_nobody_knows_is_unpriced() -> None:
    used = Usage(1, MORNING, MORNING + timedelta(hours=1), energy_wh=None)

    bill = price(simple(always(flat("1"), energy("0.20"))), used).bill

    assert bill.net is None
    assert bill.priced_net == Decimal("1.00")


def test_a_transaction_without_energy_costs_nothing_where_only_energy_costs() -> None:
    bill = price(simple(always(energy("0.20"))), steady(MORNING, 60, "0")).bill

    assert (bill.complete, bill.net) == (True, Decimal(0))


def test_a_transaction_of_no_duration_pays_its_energy_and_its_flat_fee() -> None:
    used = usage(MORNING, [(0, "0"), (0, "2")])

    assert price(simple(always(flat("1"), energy("0.20"))), used).bill.net == Decimal("1.40")


def test_tiers_count_even_for_energy_that_came_all_at_once() -> None:
    of = simple(
        only(Restrictions(max_kwh=Decimal(1)), energy("3"), name="First"),
        only(Restrictions(min_kwh=Decimal(1), max_kwh=Decimal(2)), energy("2"), name="Second"),
        always(energy("1"), name="Rest"),
    )

    priced = price(of, usage(MORNING, [(0, "0"), (0, "5")]))

    assert by_name(priced) == {"First": Decimal(1), "Second": Decimal(1), "Rest": Decimal(3)}


def test_a_transaction_that_began_in_1970_is_unpriced() -> None:
    used = replace(steady(MORNING, 60, "10"), started_at=datetime(1970, 1, 1, tzinfo=UTC))

    bill = price(simple(always(energy("0.20"))), used).bill

    assert bill.net is None
    assert bill.unpriced_kwh == Decimal(10)


def test_a_transaction_that_ends_before_it_starts_is_an_error() -> None:
    used = replace(steady(MORNING, 60, "10"), ended_at=MORNING - timedelta(seconds=1))

    with pytest.raises(ValueError, match="runs backwards"):
        price(simple(always(energy("0.20"))), used)


def test_a_flat_fee_may_be_for_those_who_took_energy_alone() -> None:
    of = simple(always(energy("0.20")), only(Restrictions(min_kwh=Decimal("0.1")), flat("1.00")))

    assert price(of, steady(MORNING, 60, "0")).bill.net == Decimal(0)
    assert price(of, steady(MORNING, 60, "10")).bill.net == Decimal("3.00")


def test_rounding_per_total_rounds_once() -> None:
    """3 periods of 1 kWh × 0.125: 0.13 each if rounded per line, 0.375 in total."""
    hours = [Restrictions(start_time=time(h), end_time=time(h + 1)) for h in (8, 9, 10)]
    named = [only(hour, energy("0.125"), name=str(hour.start_time)) for hour in hours]
    of = simple(*named, always(energy("1")))
    per_total = replace(of, rounding=Rounding(RoundingRule.PER_TOTAL))
    used = steady(MORNING, 180, "1")

    assert price(of, used).bill.net == Decimal("0.39")
    assert price(per_total, used).bill.net == Decimal("0.38")


def quarter_prices(*per_kwh: str) -> MarketPrices:
    return MarketPrices(
        MarketPoint(MORNING + timedelta(minutes=15 * index), Decimal(price))
        for index, price in enumerate(per_kwh)
    )


def test_a_dynamic_price_is_the_markets_with_losses_and_the_networks_fee_of_the_hour() -> None:
    """4 quarters of 1 kWh at 1.1 × (0.10, -0.02, 0.20, 0.30) + 0.05 until 08:30, + 0.08 after."""
    early = Restrictions(start_time=time(0), end_time=time(8, 30))
    of = simple(
        only(early, market_energy("0.05", "1.1"), name="Low fee"),
        always(market_energy("0.08", "1.1"), name="High fee"),
    )

    priced = price(of, steady(MORNING, 60, "4"), quarter_prices("0.10", "-0.02", "0.20", "0.30"))

    assert [line.unit_price for line in priced.lines] == [
        Decimal("0.160"), Decimal("0.028"), Decimal("0.300"), Decimal("0.410"),
    ]  # fmt: skip
    low, high = priced.bill.lines
    assert (low.name, low.unit_price, low.amount) == ("Low fee", Decimal("0.094"), Decimal("0.19"))
    assert (high.name, high.unit_price, high.amount) == (
        "High fee", Decimal("0.355"), Decimal("0.71"),
    )  # fmt: skip


def test_a_quarter_hour_without_a_market_price_is_unpriced() -> None:
    priced = price(
        simple(always(market_energy("0.05"))),
        steady(MORNING, 60, "4"),
        quarter_prices("0.1", "0.2"),
    )

    assert priced.bill.unpriced_kwh == Decimal(2)
    assert priced.bill.net is None


def test_pricing_again_from_what_the_record_kept_gives_the_same_record() -> None:
    of = simple(always(energy("0.20"), charging("1")))
    priced = price(of, steady(MORNING, 240, "7", every=1))

    assert len(priced.usage.readings) < 10
    assert price(of, priced.usage) == priced


def test_times_may_come_in_any_zone() -> None:
    of = simple(always(energy("0.20"), parking("1")))
    used = steady(MORNING, 60, "4")
    elsewhere = replace(used, started_at=used.started_at.astimezone(LISBON))

    assert price(of, elsewhere).bill == price(of, used).bill
    assert datetime(2026, 3, 2, 8, tzinfo=UTC) == MORNING
