"""Limits of spending and energy, per transaction and per month, and when to stop for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

ZERO: Final = Decimal(0)
_HOUR: Final = timedelta(hours=1)
_MICROSECOND: Final = timedelta(microseconds=1)


class Measure(StrEnum):
    MONEY = "money"
    """With VAT, in the tariff's currency."""
    ENERGY = "energy"
    """Wh."""


class Period(StrEnum):
    TRANSACTION = "transaction"
    MONTH = "month"
    """By the site's calendar."""
    CREDIT = "credit"
    """What a prepaid account holds for this transaction."""


@dataclass(frozen=True, slots=True)
class Limit:
    """No more than so much money (with VAT) or energy (Wh) in a period."""

    measure: Measure
    period: Period
    at_most: Decimal
    whose: str
    """Who set it, in words: "user 17", "id token 04A2"."""
    currency: str = ""
    """Of money, as it is told."""


@dataclass(frozen=True, slots=True)
class Used:
    """Money (with VAT) and energy (Wh)."""

    money: Decimal = ZERO
    energy_wh: Decimal = ZERO

    def __add__(self, other: Used) -> Used:
        return Used(self.money + other.money, self.energy_wh + other.energy_wh)

    def of(self, measure: Measure) -> Decimal:
        """Return the one or the other."""
        return self.money if measure is Measure.MONEY else self.energy_wh


@dataclass(frozen=True, slots=True)
class LimitVerdict:
    """Whether a transaction has to stop, and for which limit."""

    stop: bool
    limit: Limit | None
    """The one with the least left; None: there is none."""
    left: Decimal | None
    """What is left of it now; never below 0."""
    reason: str


def judge(
    limits: Iterable[Limit], transaction: Used, month_before: Used, ahead: Used
) -> LimitVerdict:
    """Decide whether to stop now, because a limit would be passed before the next reading.

    `month_before` is what all other transactions of the same month used, those that still run
    included; `ahead` what this one is expected to use until its next reading. Of limits that would
    be passed the first one given is the reason.
    """
    month = transaction + month_before
    tightest: LimitVerdict | None = None
    least_share = Decimal(1)
    for limit in limits:
        used = (month if limit.period is Period.MONTH else transaction).of(limit.measure)
        left = max(limit.at_most - used, ZERO)
        to_come = ahead.of(limit.measure)
        if not left or to_come > left:
            return LimitVerdict(
                stop=True, limit=limit, left=left, reason=_reason(limit, used, to_come)
            )
        share = left / limit.at_most
        if tightest is None or share < least_share:
            reason = f"{_text(limit, left)} left of {_name(limit)}"
            tightest = LimitVerdict(stop=False, limit=limit, left=left, reason=reason)
            least_share = share
    return tightest or LimitVerdict(stop=False, limit=None, left=None, reason="there is no limit")


def expected(power_w: Decimal, price_per_kwh: Decimal | None, over: timedelta) -> Used:
    """Return what a transaction will use over a time at a power and a price (with VAT)."""
    energy_wh = power_w * (over // _MICROSECOND) / (_HOUR // _MICROSECOND)
    return Used((price_per_kwh or ZERO) * energy_wh / 1000, energy_wh)


def _name(limit: Limit) -> str:
    if limit.period is Period.CREDIT:
        return f"{limit.whose}'s credit of {_text(limit, limit.at_most)}"
    return f"{limit.whose}'s limit of {_text(limit, limit.at_most)} per {limit.period}"


def _text(limit: Limit, amount: Decimal) -> str:
    if limit.measure is Measure.ENERGY:
        return f"{amount / 1000:.3f} kWh"
    return f"{amount:.2f} {limit.currency}".rstrip()


def _reason(limit: Limit, used: Decimal, to_come: Decimal) -> str:
    name = _name(limit)
    if used >= limit.at_most:
        return f"{_text(limit, used)} used: {name} is reached"
    return (
        f"{_text(limit, used)} used and {_text(limit, to_come)} expected until the next "
        f"reading: {name} would be passed"
    )
