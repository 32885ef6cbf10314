"""Which entries a charge point's list should have, and which it has."""

from __future__ import annotations

from collections.abc import Mapping

from csms.clock import Clock
from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.local_list.planning import MOST_ENTRIES, WantedList, wanted_list
from csms.services.local_list.ports import LocalListStore
from csms.services.local_list.words import Dialect, KnownList, ListLimits


class ListChooser:
    def __init__(
        self, store: LocalListStore, dialects: Mapping[OcppVersion, Dialect], clock: Clock
    ) -> None:
        self._store = store
        self._dialects = dialects
        self._clock = clock

    def dialect(self, charge_point: ChargePoint) -> Dialect:
        return self._dialects[charge_point.ocpp_version]

    async def known(self, charge_point: ChargePoint) -> KnownList:
        """Return what is known of the list that the charge point holds."""
        return await self._store.known(charge_point.key)

    async def choose(self, charge_point: ChargePoint) -> tuple[WantedList, ListLimits]:
        """Return what its list should hold now, and what it can take."""
        dialect = self.dialect(charge_point)
        limits = await self._store.limits(charge_point.key, dialect)
        candidates = await self._store.candidates(
            charge_point.id, charge_point.site_id, self._clock.now(), MOST_ENTRIES + 1
        )
        return wanted_list(candidates, dialect, limits), limits
