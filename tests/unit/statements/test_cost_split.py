"""An installation's consumption against its supplier's bill, to the cent."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from csms.statements.cost_split import (
    Consumer,
    CostSplit,
    Sharing,
    SupplierBill,
    SupplierLine,
    apportion,
    split,
)


def consumers(*kwh: str) -> list[Consumer]:
    return [Consumer(f"u{n}", f"User {n}", Decimal(each), None) for n, each in enumerate(kwh)]


def shared(total_kwh: str, *lines: SupplierLine, used: tuple[str, ...]) -> CostSplit:
    return split(SupplierBill(Decimal(total_kwh), "EUR", lines), consumers(*used))


def line(amount: str, sharing: Sharing = Sharing.BY_ENERGY) -> SupplierLine:
    return SupplierLine("A line", Decimal(amount), sharing)


def amounts(of: CostSplit) -> list[str]:
    return [f"{share.amount:.2f}" for share in (*of.users, of.rest)]


def test_everyone_pays_the_suppliers_mean_price_and_the_rest_is_shown() -> None:
    of = shared("1000", line("250.00"), used=("600", "300"))

    assert amounts(of) == ["150.00", "75.00", "25.00"]
    assert (of.rest.energy_kwh, of.rest.energy_share) == (Decimal(100), Decimal("0.100000"))
    assert of.exceeded_kwh == 0


def test_a_fixed_fee_may_be_shared_equally_or_borne_in_common() -> None:
    equally = shared("100", line("10.00", Sharing.EQUALLY), used=("90", "5", "5"))
    common = shared("100", line("10.00", Sharing.COMMON), used=("90", "10"))

    assert amounts(equally) == ["3.34", "3.33", "3.33", "0.00"]
    assert amounts(common) == ["0.00", "0.00", "10.00"]


def test_a_supplier_who_counted_less_than_the_chargers_is_paid_by_the_users_alone() -> None:
    of = shared("90", line("30.00"), used=("50", "50"))

    assert amounts(of) == ["15.00", "15.00", "0.00"]
    assert of.rest.energy_kwh == Decimal(-10)
    assert of.exceeded_kwh == Decimal(10)


def test_without_any_energy_the_bill_stays_in_common() -> None:
    assert amounts(shared("0", line("12.00"), used=("0",))) == ["0.00", "12.00"]


def test_what_the_tariffs_bring_in_is_compared_with_the_bill() -> None:
    bill = SupplierBill(Decimal(10), "EUR", (line("3.00"),))
    of = split(bill, [Consumer("a", "A", Decimal(10), Decimal("3.50"))])
    unknown = split(bill, [Consumer("a", "A", Decimal(10), None)])

    assert (of.charged, of.difference) == (Decimal("3.50"), Decimal("0.50"))
    assert (unknown.charged, unknown.difference) == (None, None)


money = st.decimals(-100_000, 100_000, places=2)
weights = st.lists(st.decimals(0, 10_000, places=3), min_size=1, max_size=30).filter(any)


@given(money, weights)
def test_parts_always_add_up_to_the_whole_and_are_within_a_cent_of_exact(
    amount: Decimal, by: list[Decimal]
) -> None:
    parts = apportion(amount, by, 2)

    assert sum(parts) == amount
    whole = sum(by)
    for part, weight in zip(parts, by, strict=True):
        assert abs(part - amount * weight / whole) <= Decimal("0.01")


@given(st.decimals(0, 1000, places=5), weights)
def test_digits_beyond_the_cent_are_not_lost(amount: Decimal, by: list[Decimal]) -> None:
    assert sum(apportion(amount, by, 2)) == amount
