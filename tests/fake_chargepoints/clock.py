"""The time that fake charge points live in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time; nothing else."""

    def now(self) -> datetime:
        """The time in UTC."""
        ...


class WallClock:
    """The real time, wrong by `offset` if wanted (a station with a bad clock)."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self.offset = offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


class SteppedClock:
    """A time that only moves when told to: for tests and for days in fast-forward."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on. Time never goes back: raises ValueError for negative seconds."""
        if seconds < 0:
            raise ValueError(f"time cannot go back by {-seconds} s")
        self._now += timedelta(seconds=seconds)


class SkewedClock:
    """Another clock, wrong by `offset`."""

    def __init__(self, clock: Clock, offset: timedelta) -> None:
        self._clock = clock
        self.offset = offset

    def now(self) -> datetime:
        return self._clock.now() + self.offset
