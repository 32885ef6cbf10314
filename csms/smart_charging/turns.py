"""Whose turn it is where not everybody can get the minimum: a fair rotation.

Time goes in slots. At the edge of a slot who waited longest goes first, then who was served
least; within a slot nobody who runs has to give way to somebody who waits. So every one of n
waiting cars is served within n/k slots (rounded up) where k fit at a time. Priorities are none
of this module's business: they come before turns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from csms.smart_charging.grid import EvseKey

MIN_OFF_S: Final = 300.0
"""A car that was stopped rests at least that long; some never start again otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An EVSE whose car wants to charge."""

    key: EvseKey
    is_running: bool
    """Whether the last decision gave it at least its minimum, confirmed or not."""
    served_ah: float
    """What its transaction was given so far, per phase."""
    arrived_at: datetime
    must_run: bool = False
    """Its car is known not to start again after a pause."""


class Turn(NamedTuple):
    """An EVSE's place among those of its priority."""

    number: int
    """From 0; lower goes first."""
    holds: bool
    """It runs and keeps its place until the slot ends."""
    rests: bool
    """It was just stopped and isn't to be started yet, even where there is room."""


@dataclass(slots=True)
class _Standing:
    """What is known of one candidate between two decisions."""

    rank: int
    waiting_since: datetime
    """Meaningless while it runs."""
    is_running: bool = False
    started_at: datetime | None = None
    stopped_at: datetime | None = None


@dataclass(slots=True)
class Turns:
    """The rotation of a site (or of any set of EVSEs that share a limit)."""

    slot_s: float
    min_on_s: float | None = None
    """How long who starts runs at least; None: a slot."""
    min_off_s: float = MIN_OFF_S
    _standings: dict[EvseKey, _Standing] = field(default_factory=dict, init=False)
    _edge: datetime | None = field(default=None, init=False)
    """When the running slot ends; None while nobody ever waited."""
    _somebody_waits: bool = field(default=False, init=False)
    _decided_at: datetime | None = field(default=None, init=False)

    @property
    def next_edge(self) -> datetime | None:
        """When places may change again; None while nobody waits."""
        return self._edge if self._somebody_waits else None

    def forget(self, key: EvseKey) -> None:
        """Another car came to the EVSE: it begins anew."""
        self._standings.pop(key, None)

    def order(self, now: datetime, candidates: Iterable[Candidate]) -> dict[EvseKey, Turn]:
        """Return everybody's place. To be called with every decision, all who want at once."""
        wanting = list(candidates)
        self._note(now, wanting)
        moment = self._begin_slot(now, wanting)
        if moment is not None:
            self._rank(moment, wanting)
        self._decided_at = now if moment is None else moment
        return self._places(self._decided_at, wanting, moment is not None)

    def _note(self, now: datetime, wanting: list[Candidate]) -> None:
        """Take who came, left, was started or stopped by the decision before this one."""
        decided_at = self._decided_at or now
        self._standings = {
            c.key: self._standings[c.key] for c in wanting if c.key in self._standings
        }
        rank = 1 + max((standing.rank for standing in self._standings.values()), default=-1)
        for candidate in sorted(wanting, key=lambda c: (c.arrived_at, c.key)):
            standing = self._standings.get(candidate.key)
            if standing is None:
                standing = _Standing(rank, min(now, candidate.arrived_at))
                rank += 1
                self._standings[candidate.key] = standing
            if candidate.is_running and not standing.is_running:
                standing.started_at = decided_at
            elif standing.is_running and not candidate.is_running:
                standing.stopped_at = standing.waiting_since = decided_at
            standing.is_running = candidate.is_running

    def _begin_slot(self, now: datetime, wanting: list[Candidate]) -> datetime | None:
        """Return the moment at which a new slot begins if it does now."""
        waiting = [self._standings[c.key] for c in wanting if not c.is_running]
        goes_on, self._somebody_waits = self._somebody_waits, bool(waiting)
        slot = timedelta(seconds=self.slot_s)
        if waiting and not goes_on and any(each.started_at is None for each in waiting):
            # Who never had a turn needn't wait for a slot that nobody waited for.
            self._edge = now + slot
            return now
        if self._edge is None:
            self._edge = now + slot if waiting else None
            return None
        if now < self._edge:
            return None
        # Places are given anew also while there is room for all: it may go again any moment.
        begun = self._edge + slot * ((now - self._edge) // slot) if waiting and goes_on else now
        self._edge = begun + slot
        return begun

    def _rank(self, moment: datetime, wanting: list[Candidate]) -> None:
        """Give new places: the slot that begins at `moment` is theirs."""
        patience = timedelta(seconds=self.slot_s * len(wanting))

        def place(candidate: Candidate) -> tuple[int, datetime, float, datetime, EvseKey]:
            standing = self._standings[candidate.key]
            waiting_since = moment if candidate.is_running else standing.waiting_since
            group = 2
            if candidate.is_running and (
                candidate.must_run or not self._ran_long_enough(standing, moment)
            ):
                group = 0 if candidate.must_run else 1
            elif not candidate.is_running and self._rests(standing, moment):
                group = 3
            elif moment - waiting_since > patience:
                group = 0
            served = candidate.served_ah
            return group, waiting_since, served, candidate.arrived_at, candidate.key

        for rank, candidate in enumerate(sorted(wanting, key=place)):
            self._standings[candidate.key].rank = rank

    def _places(
        self, now: datetime, wanting: list[Candidate], slot_begins: bool
    ) -> dict[EvseKey, Turn]:
        def place(candidate: Candidate) -> tuple[bool, bool, int]:
            standing = self._standings[candidate.key]
            waits = not slot_begins and not candidate.is_running
            return waits, waits and self._rests(standing, now), standing.rank

        turns: dict[EvseKey, Turn] = {}
        for number, candidate in enumerate(sorted(wanting, key=place)):
            standing = self._standings[candidate.key]
            holds = candidate.is_running and not (
                slot_begins and self._ran_long_enough(standing, now) and not candidate.must_run
            )
            rests = not candidate.is_running and self._rests(standing, now)
            turns[candidate.key] = Turn(number, holds, rests)
        return turns

    def _ran_long_enough(self, standing: _Standing, now: datetime) -> bool:
        least_s = self.slot_s if self.min_on_s is None else self.min_on_s
        return standing.started_at is None or now - standing.started_at >= timedelta(
            seconds=least_s
        )

    def _rests(self, standing: _Standing, now: datetime) -> bool:
        least = timedelta(seconds=min(self.min_off_s, self.slot_s))
        return standing.stopped_at is not None and now - standing.stopped_at < least
