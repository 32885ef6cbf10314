"""Who owes which base fee for a month.

A user owes a tariff's base fee

- on the days on which it is the user's own: assigned to the user, or to a group of the user; and
- for the whole month if it is nobody's own but the user charged under it.

So that nobody pays twice, the month of one user belongs to one site: `owed_here` tells which.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from csms.tariff.assignment import Assignment, Circumstances, choose
from csms.tariff.lines import Line
from csms.tariff.model import Tariff
from csms.tariff.months import Month, base_fee

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Contract:
    """What tells which tariffs are a user's own: assignments to the user and the user's groups."""

    user_id: str
    user_group_ids: frozenset[str]
    assignments: Sequence[Assignment]

    @property
    def tariff_ids(self) -> set[str]:
        return {assignment.tariff_id for assignment in self.assignments}


def fees_of(
    contract: Contract,
    used: Collection[str],
    tariffs: Mapping[str, Tariff],
    month: Month,
    zone: ZoneInfo,
) -> list[Line]:
    """Return a user's base fees; `used` are the tariffs under which the user charged."""
    own = contract.tariff_ids
    lines = [
        line
        for tariff_id, first, until in _spans(contract, month, zone)
        if tariff_id in tariffs
        for line in base_fee(tariffs[tariff_id], month, zone, from_day=first, until_day=until)
    ]
    for tariff_id in sorted(set(used) - own):
        lines += base_fee(tariffs[tariff_id], month, zone)
    return lines


def owed_here(site_id: str, charged_at: Iterable[str], *, only_site: bool) -> bool:
    """Whether a site's statement has a user's base fees.

    It is the site at which the user charged in the month, of several the first by name; for one
    who did not charge at all the site that is the only one with an issuer.
    """
    first = min(charged_at, default=None)
    return only_site if first is None else first == site_id


def _spans(contract: Contract, month: Month, zone: ZoneInfo) -> Iterator[tuple[str, date, date]]:
    """Return each tariff of the user's own with its first day and the day after its last."""
    days = [month.first + _DAY * number for number in range(month.day_count)]
    for tariff_id, group in groupby(days, key=lambda day: _own(contract, day, zone)):
        found = list(group)
        if tariff_id is not None:
            yield tariff_id, found[0], found[-1] + _DAY


def _own(contract: Contract, day: date, zone: ZoneInfo) -> str | None:
    """Return the tariff that counts for a user on a day, at noon."""
    circumstances = Circumstances(
        started_at=datetime.combine(day, time(12), zone),
        site_id=None,
        charge_point_id="",
        user_id=contract.user_id,
        user_group_ids=contract.user_group_ids,
    )
    return choose(contract.assignments, circumstances).tariff_id
