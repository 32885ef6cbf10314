"""When each transaction's cost was told last, by whichever way: not too often (I02.FR.01)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from csms.clock import Clock

REMEMBERED: Final = 100_000


class Pace:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told_at: OrderedDict[int, float] = OrderedDict()

    def is_due(self, transaction_id: int, interval_s: float) -> bool:
        """Whether the last telling is so long ago."""
        told_at = self._told_at.get(transaction_id)
        return told_at is None or self._clock.monotonic() - told_at >= interval_s

    def told(self, transaction_id: int) -> None:
        """Note that a cost is told now."""
        self._told_at[transaction_id] = self._clock.monotonic()
        self._told_at.move_to_end(transaction_id)
        if len(self._told_at) > REMEMBERED:
            self._told_at.popitem(last=False)

    def forget(self, transaction_id: int) -> None:
        """A transaction is over."""
        self._told_at.pop(transaction_id, None)
