"""Decisions about credit and limits: who may begin, who has to stop, what is held for whom."""

from __future__ import annotations

from decimal import Decimal

import pytest

from csms.services.accounts.judging import allowance, going_on, refusal, running, to_reserve
from csms.services.accounts.model import Credit, Standing, WatchedLimit
from csms.tariff.limits import Limit, Measure, Period, Used


def credit(balance: str, reserved: str = "0", *, closed: bool = False) -> Credit:
    return Credit("ACME", "EUR", Decimal(balance), Decimal(reserved), Decimal(1), closed)


def month(at_most: str, before: str, currency: str = "EUR") -> WatchedLimit:
    limit = Limit(Measure.MONEY, Period.MONTH, Decimal(at_most), "user ann")
    return WatchedLimit(limit, currency, Used(Decimal(before)))


def money(amount: str) -> Used:
    return Used(Decimal(amount))


@pytest.mark.parametrize(
    ("standing", "why"),
    [
        (Standing(None), None),
        (Standing(credit("1")), None),
        (Standing(credit("5", "4.50")), "0.50 EUR left"),
        (Standing(credit("-3")), "-3.00 EUR left"),
        (Standing(credit("9", closed=True)), "closed"),
        (Standing(credit("9"), (month("20", "20"),)), "user ann's limit of 20.00 per month"),
        (Standing(None, (month("20", "19.99"),)), None),
    ],
)
def test_who_may_begin(standing: Standing, why: str | None) -> None:
    reason = refusal(standing)
    assert (reason is None) if why is None else (reason is not None and why in reason)


@pytest.mark.parametrize(
    ("balance", "used", "ahead", "stop"),
    [
        ("10", "3", "1", False),
        ("10", "9", "1", False),
        ("10", "9", "1.01", True),
        ("10", "10", "0", True),
        ("-2", "0", "0", True),
    ],
)
def test_a_transaction_stops_before_its_credit_is_overdrawn(
    balance: str, used: str, ahead: str, stop: bool
) -> None:
    verdict = running(Standing(credit(balance)), "EUR", money(used), money(ahead))
    assert verdict.stop is stop


def test_the_reason_names_the_account() -> None:
    verdict = running(Standing(credit("10")), "EUR", money("9.50"), money("1"))
    assert "account ACME's credit of 10.00 EUR would be passed" in verdict.reason


def test_a_limit_in_another_currency_does_not_count() -> None:
    standing = Standing(credit("10"), (month("5", "5", "CHF"),))
    assert not running(standing, "EUR", money("1"), money("1")).stop


def test_what_all_transactions_of_the_month_used_counts() -> None:
    standing = Standing(None, (month("20", "18"),))
    assert running(standing, "EUR", money("1.50"), money("1")).stop


@pytest.mark.parametrize(
    ("balance", "held"), [("10", "4"), ("3.5", "3.5"), ("2", "3"), ("-1", "3")]
)
def test_what_is_held_is_never_more_than_there_is_but_what_was_used_is_gone(
    balance: str, held: str
) -> None:
    standing = Standing(credit(balance))
    assert to_reserve(standing, money("3"), money("1")).money == Decimal(held)


def test_who_has_begun_may_go_on_with_the_last_cent() -> None:
    assert going_on(Standing(credit("0.01"))) is None
    assert going_on(Standing(credit("0"))) == "account ACME has no credit left"


@pytest.mark.parametrize(
    ("standing", "currency", "money_left"),
    [
        (Standing(None), "EUR", None),
        (Standing(credit("20", "5")), None, "15"),
        (Standing(credit("20", "5")), "CHF", None),
        (Standing(credit("-3")), "EUR", "0"),
        (Standing(credit("20"), (month("80", "70"),)), "EUR", "10"),
        (Standing(None, (month("80", "70"),)), None, None),
    ],
)
def test_a_transaction_may_come_to_the_least_of_what_is_left(
    standing: Standing, currency: str | None, money_left: str | None
) -> None:
    may = allowance(standing, currency)
    assert may.money == (None if money_left is None else Decimal(money_left))
    assert may.energy_wh is None
