"""Decisions about spending: pure, with the reason as a part of the result."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from csms.model import Allowance
from csms.services.accounts.model import Credit, Standing, WatchedLimit
from csms.tariff.limits import Limit, LimitVerdict, Measure, Period, Used, judge

ZERO = Decimal(0)
_NOTHING = Used()


def refusal(standing: Standing) -> str | None:
    """Return why no transaction may begin; None if one may."""
    credit = standing.credit
    if credit is not None:
        if credit.closed:
            return f"account {credit.account_id} is closed"
        if credit.available < credit.start_credit:
            return (
                f"account {credit.account_id} has {credit.available:.2f} {credit.currency} left, "
                f"a transaction begins with {credit.start_credit:.2f}"
            )
    for watched in standing.limits:
        verdict = judge((watched.limit,), _NOTHING, watched.month_before, _NOTHING)
        if verdict.stop:
            return verdict.reason
    return None


def going_on(standing: Standing) -> str | None:
    """Return why a transaction that has begun may not go on; None if it may.

    How long is for its readings to say.
    """
    credit = standing.credit
    if credit is not None and credit.available <= ZERO:
        return f"account {credit.account_id} has no credit left"
    return None


def running(standing: Standing, currency: str | None, used: Used, ahead: Used) -> LimitVerdict:
    """Decide whether a transaction has to stop before its next reading.

    `used` is what it cost so far, `ahead` what it is expected to use until then. Of several limits
    that would be passed the first is the reason, else the one with the least left is told.
    """
    tightest = LimitVerdict(stop=False, limit=None, left=None, reason="there is no limit")
    least = None
    for limit, month_before in _counting(standing, currency):
        verdict = judge((limit,), used, month_before, ahead)
        if verdict.stop:
            return verdict
        share = (verdict.left or ZERO) / limit.at_most
        if least is None or share < least:
            tightest, least = verdict, share
    return tightest


def allowance(standing: Standing, currency: str | None) -> Allowance:
    """Return what a transaction may come to as a whole, whatever it came to so far.

    Without a price yet, `currency` is None: credit counts in its own, other money not at all.
    """
    if currency is None and standing.credit is not None:
        currency = standing.credit.currency
    left: dict[Measure, Decimal] = {}
    for limit, month_before in _counting(standing, currency):
        used = month_before.of(limit.measure) if limit.period is Period.MONTH else ZERO
        room = max(limit.at_most - used, ZERO)
        left[limit.measure] = min(left.get(limit.measure, room), room)
    return Allowance(left.get(Measure.MONEY), left.get(Measure.ENERGY))


def to_reserve(standing: Standing, used: Used, ahead: Used) -> Used:
    """Return what to hold for a transaction until its next reading.

    Never more than there is, so that no two transactions hold the same credit; but what was used
    already is gone, also where there is no credit for it.
    """
    wanted = used + ahead
    credit = standing.credit
    if credit is None:
        return wanted
    return Used(max(used.money, min(wanted.money, credit.available)), wanted.energy_wh)


def _counting(standing: Standing, currency: str | None) -> Iterator[tuple[Limit, Used]]:
    credit = standing.credit
    if credit is not None and credit.currency == currency:
        yield _credit_limit(credit), _NOTHING
    for watched in standing.limits:
        if _counts(watched, currency):
            yield watched.limit, watched.month_before


def _counts(watched: WatchedLimit, currency: str | None) -> bool:
    return watched.limit.measure is Measure.ENERGY or watched.currency == currency


def _credit_limit(credit: Credit) -> Limit:
    whose = f"account {credit.account_id}"
    return Limit(Measure.MONEY, Period.CREDIT, credit.available, whose, credit.currency)
