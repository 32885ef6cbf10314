"""Which tariff counts for a transaction, and why: the most specific assignment wins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """What a tariff may be assigned to, the most specific first."""

    ID_TOKEN = "id_token"  # noqa: S105 -- a kind of subject, not a secret
    USER = "user"
    USER_GROUP = "user_group"
    CHARGE_POINT = "charge_point"
    SITE = "site"


_SPECIFICITY: Final = {scope: rank for rank, scope in enumerate(Scope)}
_WORDS: Final = {
    Scope.ID_TOKEN: "id token",
    Scope.USER: "user",
    Scope.USER_GROUP: "user group",
    Scope.CHARGE_POINT: "charge point",
    Scope.SITE: "site",
}


@dataclass(frozen=True, slots=True)
class Assignment:
    """A tariff for a token, a user, ... over a time; transactions that start in it are under it."""

    tariff_id: str
    scope: Scope
    subject_id: str
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    priority: int = 0
    """Among equally specific ones (a user of two groups) the highest wins."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Who charges where and from when on."""

    started_at: datetime
    site_id: str | None
    charge_point_id: str
    id_token: str | None = None
    user_id: str | None = None
    user_group_ids: frozenset[str] = frozenset()

    def subjects(self, scope: Scope) -> frozenset[str]:
        """Return what an assignment of a scope must name to count."""
        if scope is Scope.USER_GROUP:
            return self.user_group_ids
        subject = {
            Scope.ID_TOKEN: self.id_token,
            Scope.USER: self.user_id,
            Scope.CHARGE_POINT: self.charge_point_id,
            Scope.SITE: self.site_id,
        }[scope]
        return frozenset() if subject is None else frozenset({subject})


@dataclass(frozen=True, slots=True)
class PassedOver:
    """An assignment that names the subject and yet doesn't count."""

    assignment: Assignment
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The tariff that counts, if any, and why it and no other."""

    assignment: Assignment | None
    reason: str
    passed_over: tuple[PassedOver, ...] = ()

    @property
    def tariff_id(self) -> str | None:
        return None if self.assignment is None else self.assignment.tariff_id


def choose(assignments: Iterable[Assignment], circumstances: Circumstances) -> Choice:
    """Choose for a transaction: most specific, then highest priority, then newest, then by name."""
    named = [
        assignment
        for assignment in assignments
        if assignment.subject_id in circumstances.subjects(assignment.scope)
    ]
    in_time = [assignment for assignment in named if _counts(assignment, circumstances.started_at)]
    late = [
        PassedOver(assignment, _out_of_time(assignment, circumstances.started_at))
        for assignment in named
        if assignment not in in_time
    ]
    if not in_time:
        return Choice(None, _nothing(circumstances), tuple(late))
    winner, *others = sorted(in_time, key=_rank)
    beaten = [PassedOver(other, _why_not(other, winner)) for other in others]
    return Choice(winner, _why(winner), (*beaten, *late))


def _counts(assignment: Assignment, at: datetime) -> bool:
    if assignment.valid_from is not None and at < assignment.valid_from:
        return False
    return assignment.valid_until is None or at < assignment.valid_until


def _rank(assignment: Assignment) -> tuple[int, int, float, str, str]:
    since = 0.0 if assignment.valid_from is None else assignment.valid_from.timestamp()
    return (
        _SPECIFICITY[assignment.scope],
        -assignment.priority,
        -since,
        assignment.subject_id,
        assignment.tariff_id,
    )


def _subject(assignment: Assignment) -> str:
    return f"{_WORDS[assignment.scope]} {assignment.subject_id!r}"


def _why(winner: Assignment) -> str:
    return f"tariff {winner.tariff_id!r} is assigned to {_subject(winner)}"


def _why_not(other: Assignment, winner: Assignment) -> str:
    if other.scope is not winner.scope:
        return f"{_subject(winner)} is more specific than {_subject(other)}"
    if other.priority != winner.priority:
        return f"its priority {other.priority} is below {winner.priority}"
    if other.valid_from != winner.valid_from:
        return "another one of the same priority is newer"
    return "another one of the same priority comes first by name"


def _out_of_time(assignment: Assignment, at: datetime) -> str:
    if assignment.valid_from is not None and at < assignment.valid_from:
        return f"it begins at {assignment.valid_from.isoformat()}"
    until = "" if assignment.valid_until is None else assignment.valid_until.isoformat()
    return f"it ended at {until}"


def _nothing(circumstances: Circumstances) -> str:
    asked = [
        f"{_WORDS[scope]} {subject!r}"
        for scope in Scope
        for subject in sorted(circumstances.subjects(scope))
    ]
    return f"no tariff is assigned to {', '.join(asked)} at the transaction's start"
