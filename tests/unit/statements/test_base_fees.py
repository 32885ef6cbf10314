"""Who owes which base fee, for which days, and at which site."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from unit.tariff.tariffs import LISBON, always, energy, tariff, version

from csms.statements.base_fees import Contract, fees_of, owed_here
from csms.tariff.assignment import Assignment, Scope
from csms.tariff.model import MonthlyBase, Tariff
from csms.tariff.months import Month

JUNE = Month(2025, 6)


def based(tariff_id: str, fee: str) -> Tariff:
    of = replace(version(always(energy("0.2"))), monthly_base=MonthlyBase(Decimal(fee)))
    return replace(tariff(of), id=tariff_id)


TARIFFS = {each.id: each for each in (based("own", "30.00"), based("site", "60.00"))}


def own(tariff_id: str = "own", scope: Scope = Scope.USER, **days: datetime) -> Assignment:
    subject_id = "flat-7" if scope is Scope.USER else "floor-1"
    return Assignment(tariff_id, scope, subject_id, days.get("valid_from"), days.get("valid_until"))


def owed(*assignments: Assignment, used: Collection[str] = ()) -> list[tuple[str, Decimal]]:
    contract = Contract("flat-7", frozenset({"floor-1"}), assignments)
    lines = fees_of(contract, used, TARIFFS, JUNE, LISBON)
    return [(line.tariff_id or "", round(line.amount or Decimal(0), 9)) for line in lines]


def test_a_tariff_of_ones_own_costs_its_fee_whether_one_charged_or_not() -> None:
    assert owed(own()) == [("own", Decimal(30))]
    assert owed(own(), used={"own"}) == [("own", Decimal(30))]


def test_a_sites_tariff_costs_its_fee_only_if_one_charged_under_it() -> None:
    assert owed() == []
    assert owed(used={"site"}) == [("site", Decimal(60))]


def test_a_contract_that_begins_within_the_month_pays_its_days() -> None:
    begins = datetime(2025, 6, 15, 23, tzinfo=UTC)  # midnight in Lisbon
    assert owed(own(valid_from=begins)) == [("own", Decimal(15))]


def test_a_change_of_tariffs_within_the_month_pays_each_for_its_days() -> None:
    change = datetime(2025, 6, 20, 23, tzinfo=UTC)
    fees = owed(own("site", valid_until=change), own("own", valid_from=change))
    assert fees == [("site", Decimal(40)), ("own", Decimal(10))]


def test_ones_own_tariff_goes_before_that_of_the_group() -> None:
    assert owed(own(), own("site", Scope.USER_GROUP)) == [("own", Decimal(30))]
    assert owed(own("site", Scope.USER_GROUP)) == [("site", Decimal(60))]


@pytest.mark.parametrize(
    ("charged_at", "only_site", "expected"),
    [
        ({"garage"}, False, True),
        ({"annex", "garage"}, False, False),
        ({"garage", "zoo"}, False, True),
        (set(), True, True),
        (set(), False, False),
    ],
)
def test_a_users_fees_are_stated_by_one_site_alone(
    charged_at: set[str], only_site: bool, expected: bool
) -> None:
    assert owed_here("garage", charged_at, only_site=only_site) is expected
