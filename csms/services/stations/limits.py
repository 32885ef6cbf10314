"""What stations are told of how much a transaction may cost or draw (C17, E16).

A limit that changed is in the next answer to the transaction's events, once (E16.FR.02). The server
stops a transaction by itself all the same; a station that knows the limit is nearer to the meter.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Final, Protocol

from csms.errors import DatabaseUnavailableError
from csms.model import Allowance
from csms.services.charge_point import ChargePoint
from csms.services.stations.abilities import KnownAbilities

MAX_COST: Final = "maxCost"
MAX_ENERGY: Final = "maxEnergy"
NO_LIMIT: Final = Decimal(10**9)
"""E16.FR.17: a limit that was told is lifted by one that nobody reaches."""
REMEMBERED: Final = 50_000
_STEPS: Final = {MAX_COST: Decimal("0.01"), MAX_ENERGY: Decimal(1)}

Limits = Mapping[str, Decimal]
"""By OCPP's names: money with VAT, energy in Wh."""


class ToldLimitStore(Protocol):
    async def told_limits(self, charge_point_key: int, ocpp_transaction_id: str) -> Limits:
        """Return the limits that a station last told. Raises DatabaseUnavailableError."""
        ...


@dataclass(slots=True)
class _Limited:
    wanted: dict[str, Decimal]
    told: dict[str, Decimal] = field(default_factory=dict)
    """By us, the latest."""
    said: dict[str, Decimal] | None = None
    """By the station since then; None: not looked up yet."""
    is_news: bool = True

    def due(self, supported: frozenset[str]) -> dict[str, Decimal]:
        """Return what the station has to hear."""
        lifted = {name: NO_LIMIT for name in self.told if name not in self.wanted}
        return {
            name: limit
            for name, limit in (self.wanted | lifted).items()
            if name.lower() in supported and self._is_due(name, limit)  # E16.FR.12
        }

    def _is_due(self, name: str, limit: Decimal) -> bool:
        told, said = self.told.get(name), (self.said or {}).get(name)
        if said is not None and said != told:  # a driver's own: E16.FR.07, E16.FR.08
            return said > limit
        return told != limit


class StationLimits:
    """In memory: after a restart a limit may be told once more."""

    def __init__(self, abilities: KnownAbilities, store: ToldLimitStore) -> None:
        self._abilities = abilities
        self._store = store
        self._limited: OrderedDict[int, _Limited] = OrderedDict()

    def __contains__(self, transaction_id: int) -> bool:
        """Whether anything is limited, or was."""
        return transaction_id in self._limited

    def follows_cost(self, transaction_id: int) -> bool:
        """Whether a station waits for costs to know when to stop (E16.FR.11)."""
        limited = self._limited.get(transaction_id)
        return limited is not None and MAX_COST in limited.told

    def allow(self, transaction_id: int, allowance: Allowance) -> None:
        """Note what a transaction may come to, as of now."""
        wanted = _wanted(allowance)
        limited = self._limited.get(transaction_id)
        if limited is not None:
            limited.is_news |= limited.wanted != wanted
            limited.wanted = wanted
        elif wanted:
            self._limited[transaction_id] = _Limited(wanted)
            if len(self._limited) > REMEMBERED:
                self._limited.popitem(last=False)

    def over(self, transaction_id: int) -> None:
        """A transaction has ended."""
        self._limited.pop(transaction_id, None)

    async def to_tell(
        self,
        charge_point: ChargePoint,
        transaction_id: int,
        ocpp_transaction_id: str,
        said: Limits,
    ) -> Limits:
        """Return the limits that the answer to an event has to carry, which `said` some itself."""
        limited = self._limited.get(transaction_id)
        if limited is None or not (limited.is_news or said):
            return {}
        supported = (await self._abilities.of(charge_point)).limits
        try:
            if limited.said is None:
                limited.said = dict(
                    await self._store.told_limits(charge_point.key, ocpp_transaction_id)
                )
        except DatabaseUnavailableError:
            return {}  # with the next event
        limited.said |= _rounded(said)
        due = limited.due(supported)
        for name, limit in due.items():
            limited.told[name] = limit
            limited.said.pop(name, None)
        limited.is_news = False
        return due


def _wanted(allowance: Allowance) -> dict[str, Decimal]:
    limits = {MAX_COST: allowance.money, MAX_ENERGY: allowance.energy_wh}
    return _rounded({name: limit for name, limit in limits.items() if limit is not None})


def _rounded(limits: Limits) -> dict[str, Decimal]:
    return {
        name: limit.quantize(_STEPS[name], ROUND_DOWN)
        for name, limit in limits.items()
        if name in _STEPS and abs(limit) <= NO_LIMIT
    }
