"""Whether a charge point's clock can be trusted with limits that lapse by it.

Every reading carries the moment at which the charge point took it. One that arrives late looks
as if the clock were behind, but each by another time; a wrong clock is off by the same in reading
after reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

WRONG: Final = timedelta(seconds=30)
"""Half of what commitments allow for: the rest is drift until the next reading."""
SAME: Final = timedelta(seconds=15)
NEEDED: Final = 3
SPAN: Final = timedelta(seconds=60)


@dataclass(slots=True)
class ClockWatch:
    """What the readings of one charge point tell of its clock."""

    ahead: timedelta = timedelta(0)
    """By how much it is ahead, negative: behind; 0 while nothing is known."""
    _candidate: timedelta | None = None
    _since: datetime | None = None
    _count: int = 0

    def seen(self, ahead: timedelta, now: datetime) -> None:
        """Take by how much a reading's time was ahead of ours when it came."""
        if self._candidate is None or self._since is None or abs(ahead - self._candidate) > SAME:
            self._candidate, self._since, self._count = ahead, now, 1
            return
        self._count += 1
        if self._count >= NEEDED and now - self._since >= SPAN:
            self.ahead = self._candidate

    @property
    def is_wrong(self) -> bool:
        return abs(self.ahead) > WRONG

    @property
    def correction(self) -> timedelta:
        """What to add to our moments where they are told to a charge point with a wrong clock.

        By ours a limit would begin in an hour where the clock is an hour behind.
        """
        return self.ahead if self.is_wrong else timedelta(0)

    def __str__(self) -> str:
        seconds = self.ahead.total_seconds()
        return f"{abs(seconds):.0f} s {'ahead' if seconds > 0 else 'behind'}"
