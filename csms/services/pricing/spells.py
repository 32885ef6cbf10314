"""What an EVSE did over a transaction, as charge point and load management told it.

The charging state of a transaction says more than its connector's status. Energy that load
management withheld is nobody's idle time, whatever the charge point calls it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from csms.services.pricing.records import Evidence, Told
from csms.tariff.usage import Activity, Spell

WITHHELD: Final = "Withheld"
RELEASED: Final = "Released"

_ACTIVITIES: Final = {
    "Charging": Activity.CHARGING,
    "SuspendedEV": Activity.PARKED,
    "SuspendedEVSE": Activity.WITHHELD,
    "Faulted": Activity.WITHHELD,
    "Unavailable": Activity.WITHHELD,
}
"""Where a state is not named, readings tell."""
_CONNECTED: Final = "EVConnected"
"""Before energy flowed: waiting for a token. Afterwards: the vehicle just stays."""


def spells_of(evidence: Evidence, ended_at: datetime) -> tuple[Spell, ...]:
    """Return what is known to have been done from the transaction's start to `ended_at`."""
    started_at = evidence.usage.started_at
    states = _Track(evidence.charging_states)
    statuses = _Track(evidence.statuses)
    limits = _Track(evidence.limits)
    told = [*states.starts, *statuses.starts, *limits.starts]
    borders = sorted({started_at, ended_at, *(at for at in told if started_at < at < ended_at)})
    spells: list[Spell] = []
    for start, end in pairwise(borders):
        activity = _activity(states, statuses, start)
        if limits.at(start) == WITHHELD and activity is not Activity.CHARGING:
            activity = Activity.WITHHELD
        if activity is None:
            continue
        if spells and spells[-1].end == start and spells[-1].activity is activity:
            start = spells.pop().start
        spells.append(Spell(start, end, activity))
    return tuple(spells)


def _activity(states: _Track, statuses: _Track, at: datetime) -> Activity | None:
    state = states.at(at)
    if state == _CONNECTED and states.was("Charging", before=at):
        return Activity.PARKED
    return _ACTIVITIES.get(state or "") or _ACTIVITIES.get(statuses.at(at) or "")


class _Track:
    """States in time order, each until the next."""

    def __init__(self, told: Sequence[Told]) -> None:
        self._told = told
        self.starts = [each.at for each in told]

    def at(self, moment: datetime) -> str | None:
        index = bisect_right(self.starts, moment) - 1
        return self._told[index].state if index >= 0 else None

    def was(self, state: str, *, before: datetime) -> bool:
        return any(each.state == state and each.at < before for each in self._told)
