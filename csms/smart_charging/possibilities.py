"""What may lie in one register of a charge point, as far as the server can know.

A charge point handles messages in the order they were sent (OCPP-J runs over TCP), so an
accepted order ends all that were sent before it, and nothing that was sent after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from csms.smart_charging.profiles import Hold


@dataclass(slots=True, eq=False)
class Possibility:
    """One thing that may be in force. `hold` None: the register is empty."""

    hold: Hold | None
    order_id: int | None = None
    """The order that would have put it there, None once it was accepted or if nobody did."""
    unknown: bool = False
    """From before the server's start: anything up to `hold`."""
    replaced_at: datetime | None = None
    counts_until: datetime | None = None
    """Replaced by an accepted order; only the car may not have followed yet."""

    def counts(self, now: datetime) -> bool:
        return self.counts_until is None or now < self.counts_until


class Possibilities:
    """The set of them, oldest first; never without one that counts."""

    def __init__(self, *first: Possibility) -> None:
        self._all: list[Possibility] = list(first) or [Possibility(None)]

    def __iter__(self) -> Iterator[Possibility]:
        return iter(self._all)

    def at(self, now: datetime) -> list[Possibility]:
        """What counts at a moment that is not long past."""
        return [one for one in self._all if one.counts(now)]

    def current(self) -> list[Possibility]:
        """What may be in the register now; what was replaced is left out."""
        return [one for one in self._all if one.counts_until is None]

    @property
    def confirmed(self) -> bool:
        """Whether exactly one order can be there and it was accepted."""
        current = self.current()
        return len(current) == 1 and current[0].order_id is None and current[0].hold is not None

    @property
    def surely_filled(self) -> bool:
        """Whether there surely is a profile of some kind in the register."""
        return all(one.hold is not None for one in self.current())

    @property
    def unknown(self) -> bool:
        return any(one.unknown for one in self.current())

    def add(self, hold: Hold | None, order_id: int) -> None:
        """An order left: it may be in force from now on."""
        self._all.append(Possibility(hold, order_id))

    def has(self, order_id: int) -> bool:
        return any(one.order_id == order_id for one in self.current())

    def accept(self, order_id: int, now: datetime, settle: timedelta) -> None:
        """The order is in force; what was sent before it is replaced."""
        place = next(i for i, one in enumerate(self._all) if one.order_id == order_id)
        for older in self._all[:place]:
            if older.counts_until is None:
                older.replaced_at = now
                older.counts_until = now + settle
        self._all[place].order_id = None

    def reject(self, order_id: int) -> None:
        """The order never came into force."""
        self._all = [one for one in self._all if one.order_id != order_id]

    def may_be_lost(self) -> None:
        """The charge point may have forgotten what was in the register."""
        if all(one.hold is not None for one in self.current()):
            self._all.insert(0, Possibility(None))

    def empty(self) -> None:
        """The register is surely empty and what it held no longer matters."""
        self._all = [Possibility(None)]

    def keep(self, kept: list[Possibility]) -> None:
        """Of what may be in the register only these are possible."""
        self._all = [one for one in self._all if one.counts_until is not None or one in kept]

    def settled(self, now: datetime) -> None:
        """The car has been seen to follow: what was replaced no longer counts."""
        for one in self._all:
            if one.counts_until is not None:
                one.counts_until = min(one.counts_until, now)

    def forget(self, before: datetime) -> None:
        """Drop what stopped to count before this moment, and what time has made alike."""
        seen: set[tuple[object, ...]] = set()
        kept: list[Possibility] = []
        for one in reversed(self._all):
            if one.counts_until is not None:
                if one.counts_until >= before:
                    kept.append(one)
                continue
            _run_out(one, before)
            mark = _what_is_left(one, before)
            if mark is None or mark not in seen:
                kept.append(one)
            if mark is not None:
                seen.add(mark)
        kept.reverse()
        self._all = kept


def _run_out(one: Possibility, before: datetime) -> None:
    """An order that has lapsed is as good as none."""
    hold = one.hold
    if hold is not None and hold.ends_at is not None and hold.ends_at < before:
        one.hold = None
        one.unknown = False
    elif hold is not None and hold.ends_at is None and hold.steps[-1].at < before:
        one.unknown = False


def _what_is_left(one: Possibility, before: datetime) -> tuple[object, ...] | None:
    """What makes two orders that have run their course the same, None while one may change."""
    if one.hold is None:
        return (None,)
    if one.hold.ends_at is None and one.hold.steps[-1].at < before:
        return (one.hold.tail_a, one.hold.phases, one.hold.phase_to_use)
    return None
