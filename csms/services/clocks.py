"""Chargers' clocks: read leniently, corrected when they are wrong, never believed blindly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from csms.services.loose_times import read_loose_time

EARLIEST: Final = datetime(2015, 1, 1, tzinfo=UTC)
"""Anything before is a clock that was never set."""
TOLERANCE: Final = timedelta(minutes=5)
SAME_OFFSET: Final = timedelta(seconds=15)
LEARNING_SPAN: Final = timedelta(seconds=60)
LEARNING_COUNT: Final = 3
LATENESS_SPAN: Final = timedelta(minutes=30)
"""How long a clock must seem behind by an odd time: late messages seem so, too."""
CANDIDATE_LIFE: Final = timedelta(minutes=3)
"""An offset that no message bore out for so long gives way to a lower one."""

_NONE: Final = timedelta()
_QUARTER_S: Final = 900
_QUARTER_SLACK_S: Final = 90


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
    replayed after an offline period are not, and they only ever seem older. So the highest offset
    counts, once it stayed the same for a while: a minute if the clock is ahead, or behind by whole
    quarters of an hour (local time labelled UTC), else much longer.
    """

    offset: timedelta | None = None
    """How far the clock is ahead; None while it is right, or nothing else is known."""
    _candidate: timedelta | None = None
    _since: datetime | None = None
    _seen_at: datetime | None = None
    _count: int = 0

    def read(self, raw: str | None, received_at: datetime) -> CorrectedTime:
        """Return when a message's content happened, in UTC.

        That is not after its arrival, save for clocks that are ahead by no more than `TOLERANCE`:
        these are taken at their word, because what they measure is right.
        """
        told = parse_time(raw)
        if told is None or told < EARLIEST:
            return CorrectedTime(received_at, raw or "")
        delta = told - received_at
        if -TOLERANCE <= delta <= TOLERANCE:
            if self._candidate is not None or self.offset is not None:
                self._learn(_NONE, received_at)
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
        candidate, seen_at = self._candidate, self._seen_at
        if candidate is None or seen_at is None or delta > candidate + SAME_OFFSET:
            self._consider(delta, received_at)
        elif delta < candidate - SAME_OFFSET:
            if received_at - seen_at > CANDIDATE_LIFE:
                self._consider(delta, received_at)
        else:
            self._count += 1
            self._seen_at = received_at
            self._conclude(candidate, received_at)

    def _consider(self, delta: timedelta, received_at: datetime) -> None:
        self._candidate = delta
        self._since = self._seen_at = received_at
        self._count = 1
        if delta == _NONE and self.offset is None:
            self._forget()

    def _conclude(self, candidate: timedelta, received_at: datetime) -> None:
        span = LEARNING_SPAN
        if candidate < _NONE and not _whole_quarters(candidate):
            span = LATENESS_SPAN
        if self._since is None or received_at - self._since < span or self._count < LEARNING_COUNT:
            return
        if candidate == _NONE:
            self._forget()
        else:
            self.offset = candidate

    def _forget(self) -> None:
        self.offset = self._candidate = self._since = self._seen_at = None
        self._count = 0


def _whole_quarters(offset: timedelta) -> bool:
    """Whether an offset is a time zone's, give or take a clock that is a little off besides."""
    past_s = offset.total_seconds() % _QUARTER_S
    return min(past_s, _QUARTER_S - past_s) <= _QUARTER_SLACK_S


def parse_time(raw: str | None) -> datetime | None:
    """Read a time as chargers write it; without a zone it means UTC. None if unreadable."""
    if not raw:
        return None
    moment = parse_iso_time(raw)
    if moment is None or moment.year < 1900:  # milliseconds may look like a year of long ago
        return read_loose_time(raw) or moment
    return moment


def parse_iso_time(raw: str) -> datetime | None:
    """Read ISO 8601, without a zone in UTC; None if it is anything else."""
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
