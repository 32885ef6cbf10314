"""What was worked out before, said again while neither news nor time can have changed it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

Value = TypeVar("Value")

FOREVER: Final = datetime.max.replace(tzinfo=UTC)


class WorkedOut:
    """Answers by name. Whoever has news has to `forget`."""

    def __init__(self) -> None:
        self._timeless: dict[str, Any] = {}
        self._timely: dict[str, Any] = {}
        self._since = self._until = FOREVER

    def forget(self) -> None:
        """Something has changed."""
        self._timeless.clear()
        self._timely.clear()
        self._since = self._until = FOREVER

    def until_news(self, name: str, work_out: Callable[[], Value]) -> Value:
        """Return what doesn't depend on the time."""
        if name not in self._timeless:
            self._timeless[name] = work_out()
        known: Value = self._timeless[name]
        return known

    def at(
        self,
        now: datetime,
        name: str,
        work_out: Callable[[datetime], Value],
        holds_until: Callable[[datetime], datetime],
    ) -> Value:
        """Return what depends on the time; what is true now holds until just before a moment."""
        if not self._since <= now < self._until:
            self._timely.clear()
            self._since, self._until = now, holds_until(now)
        if name not in self._timely:
            self._timely[name] = work_out(now)
        known: Value = self._timely[name]
        return known
