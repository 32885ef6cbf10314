"""From priced transactions to a statement: every kWh once, every line rounded once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import msgspec
from unit.statements.june import (
    ISSUED_AT,
    JUNE,
    JUNE_TOTAL,
    heading,
    issued,
    june,
    june_document,
    kept,
    material,
    priced_by,
)
from unit.tariff.june_transactions import june_transactions
from unit.tariff.tariffs import FOUR_PERIODS, LISBON, always, energy, tariff, version
from unit.tariff.usages import local, steady

from csms.statements.composing import Priced, compose
from csms.statements.cost_split import Sharing, SupplierBill, SupplierLine
from csms.statements.document import (
    Correction,
    Document,
    Kind,
    Pending,
    PendingState,
    Total,
    difference,
)
from csms.tariff.billing import BillLine
from csms.tariff.model import MonthlyBase
from csms.tariff.months import base_fee
from csms.tariff.pricing import unpriced

EXPECTED = {
    ("Summer/weekday", "Vazio 1"): ("19.029", "3.78"),
    ("Summer/weekday", "Super vazio"): ("1.257", "0.25"),
    ("Summer/weekday", "Cheia 1"): ("6.867", "1.56"),
    ("Summer/weekday", "Ponta"): ("45.730", "11.21"),
    ("Summer/weekday", "Cheia 2"): ("222.036", "50.57"),
    ("Summer/Saturday", "Cheia 1"): ("3.140", "0.72"),
    ("Summer/Sunday", "Vazio 1"): ("19.412", "3.85"),
    ("Summer/Sunday", "Vazio 2"): ("42.547", "8.44"),
}


def lines_of(document: Document) -> list[BillLine]:
    return [line for charge in document.charges for line in charge.lines]


def halves() -> list[Priced]:
    """June of one charger, used by two users in turn."""
    return [
        replace(each, user_id=("flat-7", "flat-8")[number % 2], charge_point_id=f"CP-{number % 2}")
        for number, each in enumerate(june())
    ]


def test_junes_statement_has_the_lines_and_the_total() -> None:
    document = june_document()

    found = {(line.section, line.name): (line.quantity, line.amount) for line in lines_of(document)}
    assert found == {period: tuple(map(Decimal, figures)) for period, figures in EXPECTED.items()}
    assert document.totals == (Total("EUR", JUNE_TOTAL, Decimal("0.00")),)
    assert document.energy_kwh == Decimal("360.018")
    assert document.complete


def test_every_transaction_is_in_it_in_the_order_of_time() -> None:
    document = june_document()

    starts = [entry.started_at for entry in document.entries]
    assert starts == sorted(usage.started_at for usage in june_transactions())
    assert sum(entry.energy_kwh or 0 for entry in document.entries) == document.energy_kwh


def test_an_installations_users_and_charge_points_have_all_of_it_between_them() -> None:
    document = compose(heading(Kind.SITE), material(halves()))

    assert [part.id for part in document.users] == ["flat-7", "flat-8"]
    assert [part.id for part in document.charge_points] == ["CP-0", "CP-1"]
    for parts in (document.users, document.charge_points):
        assert sum(part.energy_kwh for part in parts) == document.energy_kwh
        assert sum(part.transaction_count for part in parts) == len(document.entries)


def test_a_users_page_of_an_installation_says_what_the_users_own_statement_says() -> None:
    site = compose(heading(Kind.SITE), material(halves()))
    own = compose(heading(), material([each for each in halves() if each.user_id == "flat-7"]))

    assert site.users[0].charges == own.charges
    assert site.users[0].totals == own.totals


def test_what_nobody_known_charged_comes_last() -> None:
    priced = [replace(june()[0], user_id=None), *june()[1:]]
    document = compose(heading(Kind.SITE), material(priced))

    assert [part.id for part in document.users] == ["flat-7", None]


def test_what_no_tariff_covers_is_shown_with_its_energy_and_never_as_0() -> None:
    nowhere = kept(unpriced(june_transactions()[0], "no tariff is assigned"))
    document = compose(heading(), material([nowhere, *june()[1:]]))

    last = document.charges[-1]
    assert (last.tariff_id, last.lines[0].amount) == (None, None)
    assert document.unpriced_kwh == last.lines[0].quantity == Decimal("30.209")
    assert not document.complete
    assert document.unpriced[0].reason == "no tariff is assigned"


def test_a_transaction_that_still_runs_makes_a_statement_incomplete() -> None:
    running = Pending(99, "CP-1", local("2025-06-30 23:00", LISBON), PendingState.RUNNING)

    assert not compose(heading(), material(june(), pending=[running])).complete


def test_each_tariff_and_each_currency_has_sums_of_its_own() -> None:
    swiss = replace(tariff(version(always(energy("0.5", "8.1")))), id="chf", currency="CHF")
    usage = steady(local("2025-06-10 10:00", LISBON), 60, "10")
    document = compose(heading(), material([*june(), *priced_by(swiss, [usage])], swiss))

    assert document.totals == (
        Total("CHF", Decimal("5.00"), Decimal("0.41")),
        Total("EUR", JUNE_TOTAL, Decimal("0.00")),
    )


def test_base_fees_are_lines_of_their_tariff() -> None:
    monthly = replace(FOUR_PERIODS.versions[0], monthly_base=MonthlyBase(Decimal("5.90")))
    charged = replace(FOUR_PERIODS, versions=(monthly,))
    fees = {"flat-7": base_fee(charged, JUNE, LISBON, until_day=date(2025, 6, 16))}
    document = compose(heading(), material(june(), charged, fees=fees))

    assert lines_of(document)[0].amount == Decimal("2.95")
    assert document.totals[0].net == JUNE_TOTAL + Decimal("2.95")


def test_a_user_who_only_owes_a_base_fee_has_a_page() -> None:
    monthly = replace(FOUR_PERIODS.versions[0], monthly_base=MonthlyBase(Decimal("5.90")))
    charged = replace(FOUR_PERIODS, versions=(monthly,))
    fees = {"flat-8": base_fee(charged, JUNE, LISBON)}
    document = compose(heading(Kind.SITE), material(june(), charged, fees=fees))

    assert [(part.id, part.transaction_count) for part in document.users] == [
        ("flat-7", 19),
        ("flat-8", 0),
    ]


def test_a_supplier_bill_is_shared_among_an_installations_users() -> None:
    bill = SupplierBill(
        Decimal(400), "EUR", (SupplierLine("Energy", Decimal("85.00"), Sharing.BY_ENERGY),)
    )
    document = compose(heading(Kind.SITE), material(halves()), bill)

    split = document.cost_split
    assert split is not None
    assert sum(share.amount for share in split.users) + split.rest.amount == Decimal("85.00")
    assert split.rest.energy_kwh == Decimal("39.982")
    assert [share.charged for share in split.users] == [
        part.totals[0].gross for part in document.users
    ]


def test_the_difference_of_a_correction_is_what_is_still_owed() -> None:
    before = (Total("EUR", Decimal(80), Decimal(18)),)
    now = (Total("CHF", Decimal(1), Decimal(0)), Total("EUR", Decimal(70), Decimal(16)))

    assert difference(now, before) == (
        Total("CHF", Decimal(1), Decimal(0)),
        Total("EUR", Decimal(-10), Decimal(-2)),
    )


def test_a_document_is_read_back_as_it_was_written() -> None:
    corrects = Correction("G-1", ISSUED_AT, "late", (Total("EUR", Decimal("1.10"), Decimal(0)),))
    running = Pending(99, "CP-1", ISSUED_AT - timedelta(days=2), PendingState.RUNNING)
    bill = SupplierBill(Decimal(400), "EUR", (SupplierLine("Energy", Decimal("85.00")),))
    document = issued(
        compose(heading(Kind.SITE, corrects=corrects), material(halves(), pending=[running]), bill)
    )

    assert msgspec.json.decode(msgspec.json.encode(document), type=Document) == document
