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

from csms.errors import ConflictError, DatabaseUnavailableError
from csms.model import Allowance
from csms.services.charge_point import ChargePoint
from csms.services.stations.abilities import KnownAbilities

MAX_COST: Final = "maxCost"
MAX_ENERGY: Final = "maxEnergy"
MAX_TIME: Final = "maxTime"
MAX_SOC: Final = "maxSoC"
NO_LIMIT: Final = Decimal(10**9)
"""E16.FR.17: a limit that was told is lifted by one that nobody reaches."""
REMEMBERED: Final = 50_000
MOST_TO_COME: Final = 1_000
_STEPS: Final = {
    MAX_COST: Decimal("0.01"),
    MAX_ENERGY: Decimal(1),
    MAX_TIME: Decimal(1),
    MAX_SOC: Decimal(1),
}

Limits = Mapping[str, Decimal]
"""By OCPP's names: money with VAT, energy in Wh, time in seconds, state of charge in percent."""


class ToldLimitStore(Protocol):
    async def told_limits(self, charge_point_key: int, ocpp_transaction_id: str) -> Limits:
        """Return the limits that a station last told. Raises DatabaseUnavailableError."""
        ...


@dataclass(slots=True)
class _Limited:
    allowed: dict[str, Decimal] = field(default_factory=dict)
    """By accounts and limits of spending."""
    ordered: dict[str, Decimal] = field(default_factory=dict)
    """By an operator."""
    told: dict[str, Decimal] = field(default_factory=dict)
    """By us, the latest."""
    said: dict[str, Decimal] | None = None
    """By the station since then; None: not looked up yet."""
    is_news: bool = True
    latest: tuple[int, Limits] | None = None
    """The number of the event whose answer told something, and what."""

    @property
    def wanted(self) -> dict[str, Decimal]:
        """The lower of what is allowed and what was ordered."""
        lower = {
            name: min(limit, self.ordered.get(name, limit)) for name, limit in self.allowed.items()
        }
        return self.ordered | lower

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
        self._to_come: OrderedDict[tuple[int, int], Limits] = OrderedDict()

    def __contains__(self, transaction_id: int) -> bool:
        """Whether anything is limited, or was."""
        return transaction_id in self._limited

    def follows_cost(self, transaction_id: int) -> bool:
        """Whether a station waits for costs to know when to stop (E16.FR.11)."""
        limited = self._limited.get(transaction_id)
        return limited is not None and MAX_COST in limited.told

    def allow(self, transaction_id: int, allowance: Allowance) -> None:
        """Note what a transaction may come to, as of now."""
        allowed = _allowed(allowance)
        limited = self._limited.get(transaction_id)
        if limited is None and allowed:
            limited = self._begin(transaction_id)
        if limited is not None:
            limited.is_news |= limited.allowed != allowed
            limited.allowed = allowed

    async def check(self, charge_point: ChargePoint, limits: Limits) -> None:
        """Raises ConflictError for a limit that the station doesn't announce (E16.FR.12)."""
        supported = (await self._abilities.of(charge_point, anew=True)).limits
        unknown = [name for name in limits if name.lower() not in supported]
        if unknown:
            raise ConflictError(
                f"{charge_point.id} announces no {', '.join(unknown)} among the limits of a "
                f"transaction that it keeps to (TxCtrlr, SupportedLimits): "
                f"{', '.join(sorted(supported)) or 'none'}"
            )

    def order(self, transaction_id: int, limits: Limits) -> None:
        """Limit a transaction as an operator wants; never beyond what is allowed."""
        limited = self._limited.get(transaction_id) or self._begin(transaction_id)
        limited.ordered |= _rounded(limits)
        limited.is_news = True

    def order_start(self, charge_point: ChargePoint, remote_start_id: int, limits: Limits) -> None:
        """Limit the transaction that an operator lets begin (F07)."""
        self._to_come[charge_point.key, remote_start_id] = limits
        if len(self._to_come) > MOST_TO_COME:
            self._to_come.popitem(last=False)

    def begun(self, charge_point: ChargePoint, remote_start_id: int, transaction_id: int) -> None:
        """A transaction began because it was asked to."""
        limits = self._to_come.pop((charge_point.key, remote_start_id), None)
        if limits is not None:
            self.order(transaction_id, limits)

    def _begin(self, transaction_id: int) -> _Limited:
        limited = self._limited[transaction_id] = _Limited()
        if len(self._limited) > REMEMBERED:
            self._limited.popitem(last=False)
        return limited

    def over(self, transaction_id: int) -> None:
        """A transaction has ended."""
        self._limited.pop(transaction_id, None)

    async def to_tell(
        self,
        charge_point: ChargePoint,
        transaction_id: int,
        ocpp_transaction_id: str,
        said: Limits,
        seq_no: int,
    ) -> Limits:
        """Return the limits that the answer to an event has to carry, which `said` some itself.

        An event that is sent again, because its answer was lost, hears the same again.
        """
        limited = self._limited.get(transaction_id)
        if limited is None:
            return {}
        if limited.latest is not None and limited.latest[0] == seq_no:
            return limited.latest[1]
        if not (limited.is_news or said):
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
        if due:
            limited.latest = (seq_no, due)
        return due


def _allowed(allowance: Allowance) -> dict[str, Decimal]:
    limits = {MAX_COST: allowance.money, MAX_ENERGY: allowance.energy_wh}
    return _rounded({name: limit for name, limit in limits.items() if limit is not None})


def _rounded(limits: Limits) -> dict[str, Decimal]:
    return {
        name: limit.quantize(_STEPS[name], ROUND_DOWN)
        for name, limit in limits.items()
        if name in _STEPS and abs(limit) <= NO_LIMIT
    }
