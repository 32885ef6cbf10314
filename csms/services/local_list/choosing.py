"""Which entries a charge point's list should have, and which it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from csms.clock import Clock
from csms.model import OcppVersion
from csms.services.local_list.planning import (
    MOST_ENTRIES,
    Changes,
    WantedList,
    difference,
    wanted_list,
)
from csms.services.local_list.ports import ListOwner, LocalListStore
from csms.services.local_list.words import Dialect, KnownList, ListLimits

LOOKED_BEYOND: Final = 1000
"""Tokens that are looked at after as many as there is room for."""

ListState: TypeAlias = Literal["in_sync", "outdated", "failed", "not_supported", "unknown"]
"""`unknown`: nobody knows what the charge point holds; `failed`: out of date, and we tried."""


@dataclass(frozen=True, slots=True)
class ListStanding:
    """A list as it is known, as it should be, and what lies between."""

    state: ListState
    known: KnownList
    wanted: WantedList
    limits: ListLimits
    changes: Changes


class ListChooser:
    def __init__(
        self, store: LocalListStore, dialects: Mapping[OcppVersion, Dialect], clock: Clock
    ) -> None:
        self._store = store
        self._dialects = dialects
        self._clock = clock

    def dialect(self, owner: ListOwner) -> Dialect:
        return self._dialects[owner.ocpp_version]

    async def known(self, owner: ListOwner) -> KnownList:
        """Return what is known of the list that the charge point holds."""
        return await self._store.known(owner.key)

    async def choose(self, owner: ListOwner) -> tuple[WantedList, ListLimits]:
        """Return what its list should hold now, and what it can take."""
        dialect = self.dialect(owner)
        limits = await self._store.limits(owner.key, dialect)
        room = MOST_ENTRIES if limits.entries is None else min(limits.entries, MOST_ENTRIES)
        candidates = await self._store.candidates(
            owner.id, owner.site_id, self._clock.now(), room + LOOKED_BEYOND
        )
        return wanted_list(candidates, dialect, limits), limits

    async def standing(self, owner: ListOwner) -> ListStanding:
        """Return how a list stands, without a word to its charge point."""
        known = await self.known(owner)
        wanted, limits = await self.choose(owner)
        changes = difference(known.entries or {}, wanted.entries)
        return ListStanding(_state(known, changes), known, wanted, limits, changes)


def _state(known: KnownList, changes: Changes) -> ListState:
    if known.state == "not_supported":
        return "not_supported"
    if known.entries is None:
        return "failed" if known.state == "failed" else "unknown"
    is_ours = known.told_version == known.version or not (known.told_version or known.entries)
    if is_ours and not changes:
        return "in_sync"
    return "failed" if known.state == "failed" else "outdated"
