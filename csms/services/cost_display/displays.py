"""Which chargers show what charging costs: as the operator says, else as they say themselves.

Stations that say nothing of it may show what comes in answers (I02.FR.01, I03.FR.02).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Protocol

from csms.clock import Clock
from csms.errors import DatabaseUnavailableError
from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint

REMEMBERED: Final = 50_000
REMEMBERED_S: Final = 60.0
USUAL_INTERVAL_S: Final = 15


@dataclass(frozen=True, slots=True)
class Display:
    """How a charger is told costs."""

    interval_s: int = USUAL_INTERVAL_S
    """The least time between two of the same transaction."""
    answers_only: bool = False
    """Nobody knows whether it shows costs: they go along in answers, nothing is sent for them."""
    vendor_id: str | None = None
    """OCPP 1.6 has no message for costs: DataTransfer with these."""
    message_id: str | None = None
    template: str | None = None


@dataclass(frozen=True, slots=True)
class OperatorsWord:
    """What the operator said of a vendor's chargers."""

    enabled: bool
    display: Display


class DisplayStore(Protocol):
    async def of_vendor(self, vendor: str) -> OperatorsWord | None:
        """Return what the operator said; vendors are compared without case."""
        ...

    async def says_it_can(self, charge_point_key: int) -> bool | None:
        """Whether a charger's device model says that it shows costs (TariffCostCtrlr).

        None if it says nothing of that.
        """
        ...


class KnownDisplays:
    def __init__(self, store: DisplayStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, Display | None]] = OrderedDict()

    async def of(self, charge_point: ChargePoint) -> Display | None:
        """Return how a charger is told costs; None if it isn't."""
        now = self._clock.monotonic()
        known = self._known.get(charge_point.id)
        if known is not None and known[0] > now:
            return known[1]
        try:
            display = await self._find(charge_point)
        except DatabaseUnavailableError:
            return known[1] if known else None
        self._known[charge_point.id] = (now + REMEMBERED_S, display)
        self._known.move_to_end(charge_point.id)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return display

    def at_hand(self, charge_point: ChargePoint) -> Display | None:
        """Return what `of` last found, without asking anybody.

        Whoever tells running costs asks `of` about the charger after each.
        """
        known = self._known.get(charge_point.id)
        return None if known is None else known[1]

    def forget(self) -> None:
        """Ask again: the operator changed something."""
        self._known.clear()

    async def _find(self, charge_point: ChargePoint) -> Display | None:
        word = await self._store.of_vendor(charge_point.vendor) if charge_point.vendor else None
        if charge_point.ocpp_version is OcppVersion.V16:
            usable = word is not None and word.enabled and word.display.vendor_id is not None
            return word.display if word is not None and usable else None
        if word is not None:
            return word.display if word.enabled else None
        said = await self._store.says_it_can(charge_point.key)
        return Display(answers_only=said is None) if said is not False else None
