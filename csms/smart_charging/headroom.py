"""How much of its grant an EVSE can use: what its car leaves goes to others.

A car that draws less than it may is lowered to a little above what it draws, never overbooked:
what others get was really taken away. Once it reaches that ceiling it is let up again: by 2 A
to see whether it follows, then in full.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Final

STABLE: Final = timedelta(seconds=60)
"""How long a car must leave something before it is lowered."""
UNUSED_A: Final = 2.0
"""What it must leave at least."""
SPARE_A: Final = 1.0
"""What it keeps above what it draws; a car closer to its ceiling wants more."""
PROBE_A: Final = 2.0
FORGET: Final = timedelta(minutes=5)
"""Without a reading for that long nobody knows what the car wants."""
TOLERANCE_A: Final = 1e-6


@dataclass(slots=True)
class Headroom:
    """What one EVSE was seen to use. Its ceiling never goes below `min_a`."""

    min_a: float
    step_a: float = 1.0
    _ceiling_a: float | None = field(default=None, init=False)
    _is_probing: bool = field(default=False, init=False)
    """The ceiling was raised to see whether the car follows."""
    _measured_at: datetime | None = field(default=None, init=False)
    _unused_since: datetime | None = field(default=None, init=False)
    _highest_a: float = field(default=0.0, init=False)

    def ceiling_a(self, now: datetime) -> float | None:
        """Return the most the EVSE needs, A per phase; None: all it can get."""
        if self._measured_at is not None and now - self._measured_at > FORGET:
            self.reset()
        return self._ceiling_a

    def measured(self, current_a: float, granted_a: float, at: datetime) -> None:
        """Take a reading of the highest phase beside what the EVSE confirmed that it may draw.

        The same reading again, or an older one, changes nothing.
        """
        if self._measured_at is not None and at <= self._measured_at:
            return
        self._measured_at = at
        self._watch(current_a, granted_a, at)
        if self._wants_more(current_a, granted_a):
            self._let_up()
        elif self._unused_since is not None and at - self._unused_since >= STABLE:
            self._lower(at)

    def reset(self) -> None:
        """Forget all: another car, or none."""
        self._ceiling_a = None
        self._is_probing = False
        self._measured_at = None
        self._unused_since = None

    def _watch(self, current_a: float, granted_a: float, at: datetime) -> None:
        if granted_a - current_a < UNUSED_A - TOLERANCE_A:
            self._unused_since = None
            return
        if self._unused_since is None:
            self._unused_since = at
            self._highest_a = current_a
        self._highest_a = max(self._highest_a, current_a)

    def _wants_more(self, current_a: float, granted_a: float) -> bool:
        """Whether the ceiling, and nothing else, holds the car back."""
        return (
            self._ceiling_a is not None
            and granted_a > self._ceiling_a - self.step_a
            and granted_a - current_a < SPARE_A - TOLERANCE_A
        )

    def _let_up(self) -> None:
        if self._is_probing or self._ceiling_a is None:
            self._ceiling_a = None
            self._is_probing = False
        else:
            self._ceiling_a += PROBE_A
            self._is_probing = True

    def _lower(self, at: datetime) -> None:
        step = max(self.step_a, 1.0)
        needed = ceil((self._highest_a + SPARE_A) / step - TOLERANCE_A) * step
        self._ceiling_a = max(self.min_a, needed)
        self._is_probing = False
        # What was seen before the new ceiling is in force is no evidence against it.
        self._unused_since = at
        self._highest_a = 0.0
