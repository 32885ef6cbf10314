"""Base fees by the day, and where a month begins."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from unit.tariff.tariffs import LISBON, NEW_YORK, always, energy, tariff, version

from csms.tariff.billing import bill
from csms.tariff.model import MonthlyBase
from csms.tariff.months import Month, base_fee

JUNE = Month(2026, 6)
TEN_EUROS = replace(
    version(always(energy("1"))), monthly_base=MonthlyBase(Decimal("10.00"), Decimal(23))
)
FROM_THE_16TH = replace(
    TEN_EUROS,
    number=2,
    valid_from=date(2026, 6, 16),
    monthly_base=MonthlyBase(Decimal("20.00"), Decimal(23)),
)


def test_a_whole_month_costs_the_whole_fee() -> None:
    of = tariff(TEN_EUROS)

    issued = bill(of, base_fee(of, JUNE, LISBON))

    assert (issued.net, issued.gross) == (Decimal("10.00"), Decimal("12.30"))


def test_a_contract_that_ends_within_the_month_pays_its_days() -> None:
    of = tariff(TEN_EUROS)

    (line,) = base_fee(of, JUNE, LISBON, from_day=date(2026, 6, 4), until_day=date(2026, 6, 10))

    assert line.amount == Decimal("2.000")
    assert line.reason == "6 of 30 days"


def test_each_version_counts_for_its_own_days() -> None:
    of = tariff(TEN_EUROS, FROM_THE_16TH)

    assert [line.amount for line in base_fee(of, JUNE, LISBON)] == [Decimal(5), Decimal(10)]


def test_a_tariff_without_a_base_fee_has_no_line() -> None:
    of = tariff(version(always(energy("1"))))

    assert base_fee(of, JUNE, LISBON) == []


def test_a_month_is_the_sites() -> None:
    at = datetime(2026, 7, 1, 2, tzinfo=UTC)

    assert Month.of(at, NEW_YORK) == JUNE
    assert Month.of(at, LISBON) == JUNE.following
    assert Month(2026, 12).following == Month(2027, 1)
    assert JUNE.bounds(LISBON) == (
        datetime(2026, 5, 31, 23, tzinfo=UTC),
        datetime(2026, 6, 30, 23, tzinfo=UTC),
    )
