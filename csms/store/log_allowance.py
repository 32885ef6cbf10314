"""How much of the message log each charge point may fill."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from csms.limits import Bucket, Rate

DAY_S: Final = 86_400.0
PRUNED_EVERY_S: Final = 300.0


class LogAllowance:
    """A bucket for each charge point: a day's allowance at once, the same in a day.

    Only those are remembered that used some of it lately. Time is the caller's: monotonic seconds.
    """

    def __init__(self, per_day: int) -> None:
        """`per_day`: characters."""
        self._rate = Rate(per_day / DAY_S, per_day)
        self._buckets: defaultdict[int, Bucket] = defaultdict(Bucket)
        self._pruned_at = float("-inf")

    def take(self, charge_point_key: int, chars: int, now: float) -> bool:
        """Tell whether there is room for a line of this length; it is taken if so."""
        if now - self._pruned_at > PRUNED_EVERY_S:
            self._pruned_at = now
            for key in [key for key, each in self._buckets.items() if each.is_full(now)]:
                del self._buckets[key]
        bucket = self._buckets[charge_point_key]
        if bucket.take(self._rate, now, chars) > 0.0:
            bucket.give_back(self._rate, chars)
            return False
        return True
