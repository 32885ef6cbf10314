"""The statement of one charger's June in a Portuguese four-period tariff, to the cent."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

from unit.tariff.june_transactions import june_transactions
from unit.tariff.tariffs import CHEIA, FOUR_PERIODS, LISBON, PONTA, SUPER_VAZIO, VAZIO

from csms.tariff.billing import Bill, bill
from csms.tariff.pricing import Pricer
from csms.tariff.usage import Usage

EXPECTED = {
    ("Summer/weekday", "Cheia 1"): ("6.867", CHEIA, "1.56"),
    ("Summer/weekday", "Cheia 2"): ("222.036", CHEIA, "50.57"),
    ("Summer/weekday", "Ponta"): ("45.730", PONTA, "11.21"),
    ("Summer/weekday", "Super vazio"): ("1.257", SUPER_VAZIO, "0.25"),
    ("Summer/weekday", "Vazio 1"): ("19.029", VAZIO, "3.78"),
    ("Summer/Saturday", "Cheia 1"): ("3.140", CHEIA, "0.72"),
    ("Summer/Sunday", "Vazio 1"): ("19.412", VAZIO, "3.85"),
    ("Summer/Sunday", "Vazio 2"): ("42.547", VAZIO, "8.44"),
}


def statement(usages: list[Usage]) -> Bill:
    pricer = Pricer(FOUR_PERIODS, LISBON)
    return bill(FOUR_PERIODS, [line for usage in usages for line in pricer.price(usage).lines])


def as_table(issued: Bill) -> dict[tuple[str, str], tuple[Decimal, Decimal | None, Decimal | None]]:
    return {
        (line.section, line.name): (line.quantity, line.unit_price, line.amount)
        for line in issued.lines
    }


def test_june_comes_to_80_38_euros_for_360_018_kwh() -> None:
    issued = statement(june_transactions())

    assert as_table(issued) == {
        period: tuple(Decimal(text) for text in values) for period, values in EXPECTED.items()
    }
    assert sum(line.quantity for line in issued.lines) == Decimal("360.018")
    assert issued.net == Decimal("80.38")


def test_the_order_of_transactions_and_readings_makes_no_difference() -> None:
    shuffled = [
        replace(usage, readings=tuple(random.Random(5).sample(usage.readings, len(usage.readings))))
        for usage in june_transactions()
    ]
    random.Random(6).shuffle(shuffled)

    assert as_table(statement(shuffled)) == as_table(statement(june_transactions()))


def test_each_transaction_alone_adds_up_to_its_own_register() -> None:
    pricer = Pricer(FOUR_PERIODS, LISBON)
    for usage in june_transactions():
        energy_wh = sum(line.quantity for line in pricer.price(usage).lines) * 1000
        assert energy_wh == usage.energy_wh
