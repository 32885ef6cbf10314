"""Values over time, each for its own time only: a missing one stays missing."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class Series(Generic[_Value]):
    """Values by the moment from which they count, each until the next or for `longest`."""

    def __init__(self, values: Mapping[datetime, _Value], longest: timedelta) -> None:
        self._starts = sorted(values)
        self._values = [values[start] for start in self._starts]
        self._longest = longest

    def at(self, moment: datetime) -> _Value | None:
        """Return the value at a moment; None if there is none."""
        index = bisect_right(self._starts, moment) - 1
        if index < 0 or moment >= self._starts[index] + self._longest:
            return None
        return self._values[index]

    def between(self, start: datetime, end: datetime) -> tuple[_Value, ...]:
        """Return the values that count at any moment between two, both included."""
        return tuple(self._values[self._from(start) : bisect_right(self._starts, end)])

    def borders(self, start: datetime, end: datetime) -> list[datetime]:
        """Return all moments between two at which the value may change."""
        starts = self._starts[self._from(start) : bisect_left(self._starts, end)]
        borders = {*starts, *(each + self._longest for each in starts)}
        return sorted(each for each in borders if start < each < end)

    def _from(self, start: datetime) -> int:
        return bisect_right(self._starts, start - self._longest)
