"""What the vehicle did over a transaction: as the charge point told it, else as readings show."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta
from typing import NamedTuple

from csms.tariff.splitting import Curve
from csms.tariff.usage import Activity, Spell, Usage


class Doing(NamedTuple):
    """An activity and since when it lasts."""

    activity: Activity
    since: datetime


class ActivityLog:
    """Activities in time order, equal neighbours joined."""

    def __init__(self, usage: Usage, curve: Curve) -> None:
        self._log = [Doing(activity, since) for since, activity in curve.activities()]
        if usage.spells:
            self._log = _overlaid(usage, self._log)
        self._starts = [doing.since for doing in self._log]

    def at(self, moment: datetime) -> Doing:
        """Return what was done from a moment on."""
        index = bisect_right(self._starts, moment) - 1
        return self._log[index] if index >= 0 else Doing(Activity.UNKNOWN, moment)

    def borders(self, graces: tuple[timedelta, ...]) -> list[datetime]:
        """Return when the activity changed, and when parking outlasted each period of grace."""
        return [
            *self._starts,
            *(
                doing.since + grace
                for doing in self._log
                if doing.activity is Activity.PARKED
                for grace in graces
            ),
        ]

    @property
    def starts(self) -> list[datetime]:
        """When the activity changed."""
        return self._starts


def _overlaid(usage: Usage, derived: list[Doing]) -> list[Doing]:
    spells = sorted(usage.spells)
    borders = {doing.since for doing in derived}
    for spell in spells:
        borders |= {max(spell.start, usage.started_at), min(spell.end, usage.ended_at)}
    starts = [doing.since for doing in derived]
    log: list[Doing] = []
    for border in sorted(each for each in borders if usage.started_at <= each < usage.ended_at):
        index = bisect_right(starts, border) - 1
        shown = derived[index].activity if index >= 0 else Activity.UNKNOWN
        activity = _told(spells, border) or shown
        if not log or log[-1].activity is not activity:
            log.append(Doing(activity, border))
    return log


def _told(spells: list[Spell], moment: datetime) -> Activity | None:
    """Return what the spell that began last told of a moment."""
    told = [spell.activity for spell in spells if spell.start <= moment < spell.end]
    return told[-1] if told else None
