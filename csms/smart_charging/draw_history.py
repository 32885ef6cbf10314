"""What a charger drew around a moment, between which bounds.

A meter and a charger never measure at the same moment, and a charger reports far less often than
a meter. So a charger's share of a meter's reading is known only between two bounds per phase.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from csms.smart_charging.grid import NO_LOAD, PerPhase

BEFORE: Final = timedelta(seconds=15)
AFTER: Final = timedelta(seconds=5)
"""Readings of a charger from 15 s before to 5 s after a meter's belong to the meter's."""

KEEP: Final = timedelta(minutes=5)
SHORTEST_HOLD: Final = timedelta(seconds=30)
USUAL_HOLD: Final = timedelta(seconds=90)
LONGEST_HOLD: Final = timedelta(seconds=180)
REACTION: Final = timedelta(seconds=10)
"""How long a car may take to follow a raise, so that a reading says nothing about it."""
MOMENTS: Final = 16
"""How many moments are remembered: one for each meter above the charger."""
RAMP: Final = timedelta(seconds=60)
"""How long a raise may explain a meter's rise while the charger itself hasn't reported."""


class DrawBounds(NamedTuple):
    """What a charger drew per phase: at least and at most, as far as its readings tell."""

    low_a: PerPhase
    high_a: PerPhase


class _Sample(NamedTuple):
    at: datetime
    current_a: PerPhase


class DrawHistory:
    """One charger's readings and allowances of the last minutes, on grid phases."""

    def __init__(self) -> None:
        self._readings: deque[_Sample] = deque()
        self._allowances: deque[_Sample] = deque()
        self._told: deque[_Sample] = deque()
        self._reckoned: dict[datetime, DrawBounds] = {}

    def measured(self, current_a: PerPhase, at: datetime) -> None:
        """Keep a reading; `at` on the server's clock. One older than the newest is ignored."""
        _append(self._readings, _Sample(at, current_a.at_least(0.0)))
        self._reckoned.clear()

    def allowed(self, current_a: PerPhase, at: datetime) -> None:
        """Keep what the charger may draw from `at` on, confirmed or not yet lowered."""
        if self._allowances and self._allowances[-1].current_a == current_a:
            return
        _append(self._allowances, _Sample(at, current_a))
        self._reckoned.clear()

    def told(self, limit_a: float, at: datetime) -> None:
        """Keep a limit that was sent at `at`: the car may have followed it at once.

        A car that stopped needs time to start again, so a higher limit after it undoes nothing.
        """
        _append(self._told, _Sample(at, PerPhase.all(limit_a)))
        self._reckoned.clear()

    def bounds(self, moment: datetime) -> DrawBounds:
        """Return between what the charger drew at `moment`; the low bound is 0 if unknown.

        Without a reading near the moment the last one before it counts for a while (one and a
        half of its usual gaps), never above the least that the charger was allowed or told since.
        """
        if moment not in self._reckoned:
            if len(self._reckoned) >= MOMENTS:
                self._reckoned.clear()
            self._reckoned[moment] = self._reckon(moment)
        return self._reckoned[moment]

    def _reckon(self, moment: datetime) -> DrawBounds:
        around = self._around(moment)
        low, high = _span(around) if around else (NO_LOAD, NO_LOAD)
        since = min(moment - BEFORE, around[0].at) if around else moment
        for least in (self._in_force(since, moment), self._told_since(since, moment)):
            if least:
                low = low.least(_span(least)[0])
        allowed = self._in_force(moment - BEFORE, moment)
        if allowed and (self._began_after(moment) or self._may_be_ramping(moment)):
            high = high.most(_span(allowed)[1])
        return DrawBounds(low, high.most(low))

    def _around(self, moment: datetime) -> list[_Sample]:
        around = _within(self._readings, moment - BEFORE, moment + AFTER)
        if around and around[0].at <= moment:
            return around
        held = _last(self._readings, moment)
        if held is not None and moment - held.at <= self._hold():
            return [held, *around]
        return []

    def _hold(self) -> timedelta:
        if len(self._readings) < 2:
            return USUAL_HOLD
        gap = self._readings[-1].at - self._readings[-2].at
        return min(LONGEST_HOLD, max(SHORTEST_HOLD, gap * 1.5))

    def _in_force(self, since: datetime, moment: datetime) -> list[_Sample]:
        """The allowances that applied at some time from `since` until about the moment."""
        first = _last(self._allowances, since)
        within = _within(self._allowances, since, moment + AFTER)
        return within if first is None else [first, *within]

    def _told_since(self, since: datetime, moment: datetime) -> list[_Sample]:
        return _within(self._told, since, moment + AFTER)

    def _began_after(self, moment: datetime) -> bool:
        """Whether its first reading of all came after the moment: it says nothing of it."""
        return bool(self._readings) and self._readings[0].at > moment

    def _may_be_ramping(self, moment: datetime) -> bool:
        """Whether it was raised lately and no reading has shown yet what came of it."""
        reading = _last(self._readings, moment + AFTER)
        seen_until = moment - RAMP if reading is None else reading.at - REACTION
        after = max(seen_until, moment - RAMP)
        later: PerPhase | None = None
        for allowance in reversed(self._allowances):
            if later is not None and _rose(allowance.current_a, later):
                return True
            later = allowance.current_a if allowance.at <= moment + AFTER else None
            if allowance.at <= after:
                return False
        return later is not None


def _append(samples: deque[_Sample], sample: _Sample) -> None:
    if samples and sample.at < samples[-1].at:
        return
    samples.append(sample)
    # The one before the oldest that is kept still says what applied then.
    while len(samples) > 2 and samples[1].at < sample.at - KEEP:
        samples.popleft()


def _last(samples: deque[_Sample], until: datetime) -> _Sample | None:
    return next((sample for sample in reversed(samples) if sample.at <= until), None)


def _within(samples: deque[_Sample], since: datetime, until: datetime) -> list[_Sample]:
    found: list[_Sample] = []
    for sample in reversed(samples):
        if sample.at < since:
            break
        if sample.at <= until:
            found.append(sample)
    return found[::-1]


def _span(samples: list[_Sample]) -> tuple[PerPhase, PerPhase]:
    low = high = samples[0].current_a
    for sample in samples[1:]:
        low, high = low.least(sample.current_a), high.most(sample.current_a)
    return low, high


def _rose(before: PerPhase, after: PerPhase) -> bool:
    return after[0] > before[0] or after[1] > before[1] or after[2] > before[2]
