"""When a transaction has to stop for money or energy."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from csms.tariff.limits import Limit, Measure, Period, Used, expected, judge

TEN_EUROS = Limit(Measure.MONEY, Period.TRANSACTION, Decimal(10), "id token 04A2", "EUR")
HUNDRED_A_MONTH = Limit(Measure.MONEY, Period.MONTH, Decimal(100), "user 17", "EUR")
TWENTY_KWH = Limit(Measure.ENERGY, Period.TRANSACTION, Decimal(20_000), "user 17")
NOTHING = Used()


def used(money: str, energy_wh: int = 0) -> Used:
    return Used(Decimal(money), Decimal(energy_wh))


def test_without_limits_nothing_stops() -> None:
    verdict = judge([], used("9999"), NOTHING, NOTHING)

    assert (verdict.stop, verdict.reason) == (False, "there is no limit")


def test_the_tightest_limit_is_the_one_shown() -> None:
    verdict = judge([TEN_EUROS, HUNDRED_A_MONTH], used("4"), used("90"), NOTHING)

    assert (verdict.stop, verdict.limit, verdict.left) == (False, HUNDRED_A_MONTH, Decimal(6))
    assert verdict.reason == "6.00 EUR left of user 17's limit of 100.00 EUR per month"


def test_a_limit_stops_before_the_next_reading_would_pass_it() -> None:
    at_11_kw = expected(Decimal(11_000), Decimal("0.40"), timedelta(minutes=15))

    verdict = judge([TEN_EUROS], used("9.00"), NOTHING, at_11_kw)

    assert at_11_kw == used("1.10", 2750)
    assert verdict.stop
    assert verdict.reason == (
        "9.00 EUR used and 1.10 EUR expected until the next reading: "
        "id token 04A2's limit of 10.00 EUR per transaction would be passed"
    )
    assert not judge([TEN_EUROS], used("8.90"), NOTHING, at_11_kw).stop


def test_energy_counts_like_money() -> None:
    verdict = judge([TWENTY_KWH], used("0", 20_000), NOTHING, NOTHING)

    assert verdict.stop
    assert verdict.reason == (
        "20.000 kWh used: user 17's limit of 20.000 kWh per transaction is reached"
    )


def test_no_credit_stops_at_once() -> None:
    empty = Limit(Measure.MONEY, Period.CREDIT, Decimal(0), "account 3")

    assert judge([empty], NOTHING, NOTHING, NOTHING).stop
