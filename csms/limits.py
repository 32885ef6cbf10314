"""Token buckets: how much of something may happen per second."""

from __future__ import annotations


class Rate:
    """`per_s` a second on average, `burst` at once."""

    __slots__ = ("burst", "per_s")

    def __init__(self, per_s: float, burst: float) -> None:
        self.per_s = per_s
        self.burst = burst


class Bucket:
    """One taker's share of a rate. Time is the caller's: monotonic seconds.

    Only the moment at which the bucket will be full again is kept.
    """

    __slots__ = ("_full_at",)

    def __init__(self) -> None:
        self._full_at = 0.0

    def take(self, rate: Rate, now: float, count: float = 1.0) -> float:
        """Take one, or `count`; returns the seconds to wait before using it (0.0: none)."""
        start = self._full_at
        if start < now:
            start = now
        self._full_at = full_at = start + count / rate.per_s
        wait = full_at - now - rate.burst / rate.per_s
        return max(0.0, wait)

    def give_back(self, rate: Rate, count: float = 1.0) -> None:
        """Undo a `take` that was not used."""
        self._full_at -= count / rate.per_s

    def is_full(self, now: float) -> bool:
        """Whether it is as if nothing had ever been taken."""
        return self._full_at <= now


class LogLimit:
    """Lets one line per `every_s` through and counts what it swallowed."""

    __slots__ = ("_every_s", "_next_at", "_swallowed")

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._next_at = float("-inf")
        self._swallowed = 0

    def allow(self, now: float) -> int | None:
        """Return how many were swallowed since the last line, or None to stay silent."""
        if now < self._next_at:
            self._swallowed += 1
            return None
        self._next_at = now + self._every_s
        swallowed, self._swallowed = self._swallowed, 0
        return swallowed

    def is_over(self, now: float) -> bool:
        """Whether it would let a line through,."""
        return now >= self._next_at


class SourceLogLimits:
    """A LogLimit for each source, so that a loud one doesn't hide another.

    Beyond `most` sources at a time, the others share one.
    """

    def __init__(self, every_s: float, *, most: int) -> None:
        self._every_s = every_s
        self._most = most
        self._limits: dict[str, LogLimit] = {}
        self._shared = LogLimit(every_s)

    def of(self, source: str, now: float) -> LogLimit:
        if source not in self._limits and len(self._limits) >= self._most:
            self._limits = {
                name: limit for name, limit in self._limits.items() if not limit.is_over(now)
            }
            if len(self._limits) >= self._most:
                return self._shared
        return self._limits.setdefault(source, LogLimit(self._every_s))
