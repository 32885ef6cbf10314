"""Which of several assigned tariffs counts, and the reason that is given."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from unit.tariff.tariffs import LISBON
from unit.tariff.usages import local

from csms.tariff.assignment import Assignment, Circumstances, Scope, choose

NOON = local("2026-03-02 12:00", LISBON)
HERE = Circumstances(
    started_at=NOON,
    site_id="rua-9",
    charge_point_id="CP-001",
    id_token="04A2",
    user_id="user-17",
    user_group_ids=frozenset({"residents", "staff"}),
)
OF_SITE = Assignment("site-tariff", Scope.SITE, "rua-9")
OF_CHARGE_POINT = Assignment("fast-tariff", Scope.CHARGE_POINT, "CP-001")
OF_GROUP = Assignment("residents-tariff", Scope.USER_GROUP, "residents")
OF_USER = Assignment("own-tariff", Scope.USER, "user-17")
OF_TOKEN = Assignment("guest-card-tariff", Scope.ID_TOKEN, "04A2")


def test_the_most_specific_assignment_wins_whatever_the_order() -> None:
    by_specificity = [OF_TOKEN, OF_USER, OF_GROUP, OF_CHARGE_POINT, OF_SITE]

    for first in range(len(by_specificity)):
        left = by_specificity[first:]
        assert choose(reversed(left), HERE).tariff_id == left[0].tariff_id


def test_the_choice_says_why() -> None:
    choice = choose([OF_SITE, OF_USER], HERE)

    assert choice.reason == "tariff 'own-tariff' is assigned to user 'user-17'"
    ((passed_over, reason),) = [(each.assignment, each.reason) for each in choice.passed_over]
    assert passed_over is OF_SITE
    assert reason == "user 'user-17' is more specific than site 'rua-9'"


def test_assignments_of_others_do_not_count() -> None:
    elsewhere = Assignment("other", Scope.SITE, "rua-10")

    assert choose([elsewhere, OF_SITE], HERE).tariff_id == "site-tariff"


def test_nothing_assigned_says_where_was_looked() -> None:
    choice = choose([], replace(HERE, id_token=None, user_id=None, user_group_ids=frozenset()))

    assert choice.tariff_id is None
    assert choice.reason == (
        "no tariff is assigned to charge point 'CP-001', site 'rua-9' at the transaction's start"
    )


def test_of_a_users_two_groups_the_higher_priority_wins() -> None:
    staff = Assignment("staff-tariff", Scope.USER_GROUP, "staff", priority=5)

    choice = choose([OF_GROUP, staff], HERE)

    assert choice.tariff_id == "staff-tariff"
    assert [each.reason for each in choice.passed_over] == ["its priority 0 is below 5"]


def test_an_assignment_counts_for_transactions_that_start_in_its_time() -> None:
    ended = replace(OF_USER, valid_until=NOON)
    to_come = replace(OF_TOKEN, valid_from=NOON + timedelta(seconds=1))
    begun = replace(OF_GROUP, valid_from=NOON)

    choice = choose([ended, to_come, begun, OF_SITE], HERE)

    assert choice.tariff_id == "residents-tariff"
    assert [each.reason for each in choice.passed_over] == [
        "user group 'residents' is more specific than site 'rua-9'",
        "it ended at 2026-03-02T12:00:00+00:00",
        "it begins at 2026-03-02T12:00:01+00:00",
    ]
