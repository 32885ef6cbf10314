"""Chargers' clocks: read leniently, corrected when they are wrong, never believed blindly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

EARLIEST: Final = datetime(2015, 1, 1, tzinfo=UTC)
"""Anything before is a clock that was never set."""
TOLERANCE: Final = timedelta(minutes=5)
SAME_OFFSET: Final = timedelta(seconds=15)
LEARNING_SPAN: Final = timedelta(seconds=60)
LEARNING_COUNT: Final = 3


class CorrectedTime(NamedTuple):
    """A moment in UTC; `raw` is the charger's own word where it had to be corrected."""

    at: datetime
    raw: str | None = None

    @property
    def corrected(self) -> bool:
        return self.raw is not None


@dataclass(slots=True)
class ChargerClock:
    """What was learned about one charger's clock.

    A wrong clock is off by the same amount in message after message while time passes; messages
    replayed after an offline period are not. So an offset counts once it stayed the same for a
    minute.
    """

    offset: timedelta | None = None
    _candidate: timedelta | None = None
    _since: datetime | None = None
    _count: int = 0

    def read(self, raw: str | None, received_at: datetime) -> CorrectedTime:
        """Return when a message's content happened, in UTC, never later than its arrival."""
        told = parse_time(raw)
        if told is None or told < EARLIEST:
            return CorrectedTime(received_at, raw or "")
        delta = told - received_at
        if -TOLERANCE <= delta <= TOLERANCE:
            if self._candidate is not None or self.offset is not None:
                self._forget()
            return CorrectedTime(told)
        self._learn(delta, received_at)
        if self.offset is not None:
            corrected = told - self.offset
            if corrected <= received_at + SAME_OFFSET:
                return CorrectedTime(min(corrected, received_at), raw)
        if delta > TOLERANCE:
            return CorrectedTime(received_at, raw)
        return CorrectedTime(told)

    def _learn(self, delta: timedelta, received_at: datetime) -> None:
        if self._candidate is None or abs(delta - self._candidate) > SAME_OFFSET:
            self._candidate, self._since, self._count = delta, received_at, 1
            return
        self._count += 1
        if (
            self._since is not None
            and self._count >= LEARNING_COUNT
            and received_at - self._since >= LEARNING_SPAN
        ):
            self.offset = self._candidate

    def _forget(self) -> None:
        self.offset = self._candidate = self._since = None
        self._count = 0


def parse_time(raw: str | None) -> datetime | None:
    """Read ISO 8601 as chargers write it; without a zone it means UTC. None if unreadable."""
    if not raw:
        return None
    try:
        moment = datetime.fromisoformat(raw.strip())
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def clock_is_set(raw: str | None) -> bool:
    """Whether a charger's time can tell one moment from another."""
    told = parse_time(raw)
    return told is not None and told >= EARLIEST


def format_time(moment: datetime) -> str:
    """Write time as every charger can read it: seconds, Z, no fraction."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
