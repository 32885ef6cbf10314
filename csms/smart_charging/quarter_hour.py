"""A cap on the mean power of each quarter hour at the grid connection (capacity tariffs).

Energy used early in the quarter is missing later: what may still be drawn is what is left of the
quarter's energy over what is left of its time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import isfinite
from typing import Final

QUARTER: Final = timedelta(minutes=15)
LAST: Final = timedelta(seconds=60)
"""Nobody is let up for the last seconds: what was allowed when the last minute began holds."""
NOTHING_LEFT_S: Final = 1.0
"""So short before the end nothing that is drawn matters any more."""


@dataclass(slots=True)
class QuarterHourBudget:
    """What the running quarter hour has used of its cap.

    Quarters are the clock's: every zone's offset is a multiple of 15 minutes, so UTC's quarters
    are the site's. Import alone counts; feed-in gives nothing back. Time without a reading that
    is younger than `max_age_s` counts at the cap, or at the last power where that was more.
    """

    cap_w: float
    max_age_s: float = 60.0
    _quarter: datetime | None = field(default=None, init=False)
    _used_ws: float = field(default=0.0, init=False)
    _used_before_last_ws: float = field(default=0.0, init=False)
    """What was used when the quarter's last minute began; until then what is used now."""
    _counted_until: datetime | None = field(default=None, init=False)
    _power_w: float | None = field(default=None, init=False)
    _measured_at: datetime | None = field(default=None, init=False)

    def reading(self, power_w: float, at: datetime) -> None:
        """Take the connection's power, import positive. An older reading is ignored."""
        if not isfinite(power_w) or (self._measured_at is not None and at <= self._measured_at):
            return
        self._count(at)
        self._power_w = power_w
        self._measured_at = at

    def used_wh(self, now: datetime) -> float:
        """Return the energy that the running quarter has used, Wh."""
        self._count(now)
        return self._used_ws / 3600.0

    def allowed_w(self, now: datetime) -> float:
        """Return the power that the connection may draw on the mean until the quarter ends, W."""
        self._count(now)
        left_s = (_quarter_of(now) + QUARTER - now).total_seconds()
        budget_ws = self.cap_w * QUARTER.total_seconds()
        last_s = LAST.total_seconds()
        before_last_w = (budget_ws - self._used_before_last_ws) / last_s
        if left_s < NOTHING_LEFT_S:
            return max(0.0, before_last_w)
        left_w = (budget_ws - self._used_ws) / left_s
        return max(0.0, left_w if left_s >= last_s else min(left_w, before_last_w))

    def _count(self, now: datetime) -> None:
        """Add what was used until now."""
        quarter = _quarter_of(now)
        if self._quarter is None or quarter > self._quarter:
            self._quarter = quarter
            self._used_ws = self._used_before_last_ws = 0.0
            self._counted_until = quarter
        since = self._counted_until or quarter
        if now <= since:
            return
        last_at = self._quarter + QUARTER - LAST
        if since < last_at:
            self._used_before_last_ws += self._used_between(since, min(now, last_at))
        self._used_ws += self._used_between(since, now)
        self._counted_until = now

    def _used_between(self, since: datetime, until: datetime) -> float:
        """Return the watt-seconds of a time that is after the newest reading or has none."""
        seconds = (until - since).total_seconds()
        if self._power_w is None or self._measured_at is None:
            return self.cap_w * seconds
        fresh_until = self._measured_at + timedelta(seconds=self.max_age_s)
        fresh_s = min(seconds, max(0.0, (fresh_until - since).total_seconds()))
        power_w = max(0.0, self._power_w)
        return power_w * fresh_s + max(power_w, self.cap_w) * (seconds - fresh_s)


def _quarter_of(at: datetime) -> datetime:
    return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)
