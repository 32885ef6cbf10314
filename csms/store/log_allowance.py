"""How much of the message log each charge point may fill."""

from __future__ import annotations

from typing import Final

DAY_S: Final = 86_400.0
PRUNED_EVERY_S: Final = 300.0


class LogAllowance:
    """A token bucket for each charge point: a day's allowance at once, the same in a day.

    Only those are remembered that used some of it lately. Time is the caller's: monotonic seconds.
    """

    def __init__(self, per_day: int) -> None:
        """`per_day`: characters."""
        self._s_per_char = DAY_S / per_day
        self._full_at: dict[int, float] = {}
        self._pruned_at = float("-inf")

    def take(self, charge_point_key: int, chars: int, now: float) -> bool:
        """Tell whether there is room for a line of this length; it is taken if so."""
        if now - self._pruned_at > PRUNED_EVERY_S:
            self._pruned_at = now
            self._full_at = {key: at for key, at in self._full_at.items() if at > now}
        full_at = max(self._full_at.get(charge_point_key, now), now) + chars * self._s_per_char
        if full_at - now > DAY_S:
            return False
        self._full_at[charge_point_key] = full_at
        return True
