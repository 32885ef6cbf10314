"""Whether an EVSE draws more than it may: charge points that accept limits and ignore them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from csms.smart_charging.grid import NO_LOAD, PerPhase

TOLERANCE_A: Final = 1.0
TOLERANCE_SHARE: Final = 0.05
"""Meters, pilots and cars are not exact; the circuits' margin covers this much."""
PERSISTS: Final = timedelta(seconds=20)
"""Two meter intervals: one odd reading is no overdraw."""


class Overdraw:
    """Compares the latest readings of one EVSE with what it may draw."""

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._measured = NO_LOAD
        self._excess_a = 0.0

    def measured(self, current_a: PerPhase, allowed: PerPhase, now: datetime) -> None:
        """A reading, and what was allowed when it was taken."""
        excess_a = max(
            drawn - may - max(TOLERANCE_A, TOLERANCE_SHARE * may)
            for drawn, may in zip(current_a, allowed, strict=True)
        )
        if excess_a <= 0.0:
            self._since = None
            return
        self._since = self._since or now
        self._measured = current_a
        self._excess_a = max(drawn - may for drawn, may in zip(current_a, allowed, strict=True))

    def ended(self) -> None:
        """Nothing is drawn any more: the transaction is over."""
        self._since = None

    def counts_from(self) -> datetime | None:
        """When the overdraw was or will be no single odd reading any more."""
        return None if self._since is None else self._since + PERSISTS

    def excess_a(self, now: datetime) -> float:
        """By how much it is over, 0 while it isn't, or not for long enough."""
        counts_from = self.counts_from()
        return self._excess_a if counts_from is not None and now >= counts_from else 0.0

    def reserved(self, now: datetime) -> PerPhase:
        """What was measured, while it is over."""
        return self._measured if self.excess_a(now) > 0.0 else NO_LOAD
