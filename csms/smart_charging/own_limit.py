"""What a car takes by itself, whatever more it may: judged once a call from means over minutes.

A car that leaves a good part of its grant is lowered to a little above what it draws. Once it is
sure that the car's own limit is what holds it (it drew as much of a smaller grant, or less of the
same one) it is lowered to that limit, and now and then let up to see whether it still holds.
What it draws less and less of while its battery fills up tells how the rest of its charge will go.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import ceil
from typing import Final, NamedTuple

from csms.smart_charging.planning_taper import Taper

UNUSED_A: Final = 2.0
"""What a car must leave at least before it is lowered for the first time."""
SPARE_A: Final = 1.0
"""What it keeps above what it draws until its own limit is sure; cars stay that much below."""
SURE_SPARE_A: Final = 0.1
PROBE_A: Final = 2.0
FIRST_WAIT: Final = 2
LONGEST_WAIT: Final = 12
"""Calls until a sure limit is tried again; twice as many each time that it still holds."""
SAME_A: Final = 0.3
FOLLOWS_A: Final = 0.5
"""A car that draws that much more than before has no limit of its own there."""
TOLERANCE_A: Final = 1e-6
LEAST_FALL: Final = 0.02
"""Part of its current that a car must draw less before that counts as the end of its charge."""


class _Reading(NamedTuple):
    drawn_a: float
    granted_a: float


@dataclass(slots=True)
class OwnLimit:
    """One car's. The ceiling never goes below `min_a`."""

    min_a: float
    step_a: float = 1.0
    ceiling_a: float | None = field(default=None, init=False)
    """The most it needs; None: all it can get."""
    _is_sure: bool = field(default=False, init=False)
    _is_probing: bool = field(default=False, init=False)
    _calls: int = field(default=0, init=False)
    """Since its limit became sure, or was last tried."""
    _wait: int = field(default=FIRST_WAIT, init=False)
    _last: _Reading | None = field(default=None, init=False)
    _falling: deque[tuple[float, float]] = field(
        default_factory=lambda: deque(maxlen=5), init=False
    )
    """Delivered Wh and amperes whenever the car itself decided how much."""

    def measured(self, drawn_a: float, granted_a: float, delivered_wh: float) -> None:
        """Take what it drew of its grant since the last call, and what it has got so far."""
        now = _Reading(drawn_a, granted_a)
        last, self._last = self._last or now, now
        self._calls += 1
        self._note_fall(now, delivered_wh)
        if self._is_probing and now.granted_a > last.granted_a + TOLERANCE_A:
            self._judge_probe(now, last)
        elif self._wants_more(now, last):
            self._probe()
            return
        if not self._is_sure and _holds_itself(now, last):
            self._is_sure, self._calls = True, 0
        self._lower(now)

    def paused(self) -> None:
        """It had no grant: what it drew before tells nothing about what it draws next."""
        self._last = None

    def reset(self) -> None:
        """Without a reading nobody knows what the car wants."""
        self.ceiling_a, self._last = None, None
        self._is_sure = self._is_probing = False
        self._calls, self._wait = 0, FIRST_WAIT

    def taper(self, delivered_wh: float, power_w_per_a: float) -> Taper | None:
        """How the rest of the charge goes, once its current was seen to fall by itself."""
        if len(self._falling) < 2:
            return None
        (first_wh, first_a), (last_wh, last_a) = self._falling[0], self._falling[-1]
        fall_a = first_a - last_a
        if fall_a < max(LEAST_FALL * first_a, 0.05):
            return None
        time_h = (last_wh - first_wh) / (fall_a * power_w_per_a)
        left_wh = time_h * last_a * power_w_per_a - (delivered_wh - last_wh)
        return Taper(time_h, max(left_wh, 1.0))

    def _note_fall(self, now: _Reading, delivered_wh: float) -> None:
        decides_itself = now.granted_a - now.drawn_a >= SPARE_A - TOLERANCE_A and now.drawn_a > 0
        if decides_itself and not (self._falling and self._falling[-1][0] >= delivered_wh):
            self._falling.append((delivered_wh, now.drawn_a))

    def _judge_probe(self, now: _Reading, last: _Reading) -> None:
        if now.drawn_a > last.drawn_a + FOLLOWS_A:
            self.ceiling_a, self._is_sure, self._wait = None, False, FIRST_WAIT
        elif self._is_sure:
            self._wait = min(2 * self._wait, LONGEST_WAIT)
        self._is_probing = False

    def _wants_more(self, now: _Reading, last: _Reading) -> bool:
        if self.ceiling_a is None or self._is_probing:
            return False
        if self._is_sure:
            return now.drawn_a > last.drawn_a + FOLLOWS_A or self._calls >= self._wait
        is_bound = now.granted_a > self.ceiling_a - self.step_a
        return is_bound and now.granted_a - now.drawn_a < SPARE_A - TOLERANCE_A

    def _probe(self) -> None:
        if self.ceiling_a is not None:
            self.ceiling_a += max(PROBE_A, self.step_a)
        self._is_probing, self._calls = True, 0

    def _lower(self, now: _Reading) -> None:
        spare_a = SURE_SPARE_A if self._is_sure else SPARE_A
        unused_a = TOLERANCE_A if self._is_sure else UNUSED_A - TOLERANCE_A
        needed_a = ceil((now.drawn_a + spare_a) / self.step_a - TOLERANCE_A) * self.step_a
        needed_a = max(self.min_a, needed_a)
        if now.granted_a - now.drawn_a >= unused_a and needed_a < now.granted_a - TOLERANCE_A:
            self.ceiling_a, self._is_probing = needed_a, False


def _holds_itself(now: _Reading, last: _Reading) -> bool:
    """Whether neither draw followed its grant: as much of less, or less of as much."""
    left_a = min(last.granted_a - last.drawn_a, now.granted_a - now.drawn_a)
    if left_a < SPARE_A - TOLERANCE_A:
        return False
    if now.granted_a < last.granted_a - SAME_A:
        return abs(now.drawn_a - last.drawn_a) < SAME_A
    return now.drawn_a < last.drawn_a - SAME_A
