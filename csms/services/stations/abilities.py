"""What stations of OCPP 2.1 announce that they can do, by their device models."""

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


@dataclass(frozen=True, slots=True)
class Abilities:
    limits: frozenset[str] = frozenset()
    """Which limits of a transaction it keeps to (TxCtrlr.SupportedLimits), in lower case."""
    takes_tariffs: bool = False
    """Whether it reckons costs by tariffs that it is given (TariffCostCtrlr)."""
    takes_conditions: bool = True
    """Whether prices in them may depend on anything."""
    max_prices: int | None = None
    """The most prices of one dimension; None: it did not say."""


NONE: Final = Abilities()


class AbilityStore(Protocol):
    async def abilities(self, charge_point_key: int) -> Abilities:
        """Return what a station's device model says. Raises DatabaseUnavailableError."""
        ...


class KnownAbilities:
    """Asked once a minute for each station at most; without an answer what is known counts."""

    def __init__(self, store: AbilityStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: OrderedDict[int, tuple[float, Abilities]] = OrderedDict()

    async def of(self, charge_point: ChargePoint, *, anew: bool = False) -> Abilities:
        """Return what a station announces; stations of earlier versions nothing.

        `anew`: as of now, also if it was asked for just before.
        """
        if charge_point.ocpp_version is not OcppVersion.V21:
            return NONE
        now, key = self._clock.monotonic(), charge_point.key
        until, abilities = self._known.get(key, (now, NONE))
        if until > now and not anew:
            return abilities
        try:
            abilities = await self._store.abilities(key)
        except DatabaseUnavailableError:
            return abilities
        self._known[key] = (now + REMEMBERED_S, abilities)
        self._known.move_to_end(key)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return abilities
