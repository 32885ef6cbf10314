"""TxProfiles that were set by hand, told again when a car asks or goes beyond (K15 to K17).

Where load management steers, it plans anew. Elsewhere the charging station goes by what it has: a
TxProfile of ours would overrule its TxDefaultProfile, and outlast limits that others set for a
while. So nothing is promised (K15.FR.04), except where somebody has set a profile for the
transaction that runs.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from csms.errors import CommandError, InvalidValueError
from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.charging_reports import CarSchedule
from csms.services.ports import Link
from csms.smart_charging.grid import Unit

logger = logging.getLogger(__name__)

REMEMBERED: Final = 10_000
REPEATS: Final = 20
"""So often a profile is told again: a car that never keeps within it must not go round for ever."""
SLACK: Final = 0.05
"""By how much a schedule may be above the limit: cars round."""


@dataclass(frozen=True, slots=True)
class TransactionProfile:
    """A TxProfile that a charging station has taken; `payload` is the whole SetChargingProfile."""

    evse_id: int
    ocpp_transaction_id: str
    highest: float
    unit: Unit
    payload: Mapping[str, Any]


@dataclass(slots=True)
class _Known:
    profile: TransactionProfile
    repeats: int = 0


class ProfileReader(Protocol):
    """Returns the TxProfile that was taken with a command; None if the command was none."""

    def __call__(
        self, action: str, payload: Mapping[str, Any], answer: dict[str, Any], /
    ) -> TransactionProfile | None: ...


class RawSender(Protocol):
    async def call(
        self, charge_point_id: str, action: str, payload: Mapping[str, Any]
    ) -> dict[str, Any]: ...


class RepeatedProfiles:
    """`commands` is set once there are connections."""

    def __init__(self, readers: Mapping[OcppVersion, ProfileReader]) -> None:
        self._readers = readers
        self._known: OrderedDict[tuple[str, int], _Known] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self.commands: RawSender | None = None

    async def answered(
        self, link: Link, action: str, payload: Mapping[str, Any], answer: dict[str, Any]
    ) -> None:
        """Learn what was set or cleared, whoever sent it."""
        reader = self._readers.get(link.version)
        if reader is None:
            return
        identity = link.charge_point.id.casefold()
        if action == "ClearChargingProfile":
            for key in [key for key in self._known if key[0] == identity]:
                del self._known[key]
        elif (profile := reader(action, payload, answer)) is not None:
            self._remember((identity, profile.evse_id), profile)

    def _remember(self, key: tuple[str, int], profile: TransactionProfile) -> None:
        known = self._known.get(key)
        if known is None or known.profile != profile:  # else it is one that was told again
            self._known[key] = _Known(profile)
        self._known.move_to_end(key)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def repeat(self, charge_point: ChargePoint, evse_id: int) -> bool:
        """Tell the profile of the transaction at an EVSE again, after this; False without one."""
        known = self._of(charge_point, evse_id)
        if known is None or known.repeats >= REPEATS or self.commands is None:
            return False
        known.repeats += 1
        task = asyncio.create_task(self._send(charge_point.id, known.profile))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    def keeps_within(self, charge_point: ChargePoint, meant: CarSchedule) -> bool:
        """Whether a car means to draw no more than a profile lets it; else that is told again."""
        known = self._of(charge_point, meant.evse_id)
        if known is None or known.profile.unit != meant.unit:
            return True
        if meant.highest <= known.profile.highest + SLACK:
            return True
        self.repeat(charge_point, meant.evse_id)  # K15.FR.13, K16.FR.08, K17.FR.13
        return False

    def _of(self, charge_point: ChargePoint, evse_id: int) -> _Known | None:
        """Return the profile of a transaction that is still open."""
        known = self._known.get((charge_point.id.casefold(), evse_id))
        if known is None:
            return None
        running = charge_point.open_transactions.values()
        number = known.profile.ocpp_transaction_id
        return known if any(each.ocpp_transaction_id == number for each in running) else None

    async def _send(self, charge_point_id: str, profile: TransactionProfile) -> None:
        assert self.commands is not None, "checked before the task is made"
        try:
            await self.commands.call(charge_point_id, "SetChargingProfile", profile.payload)
        except (CommandError, InvalidValueError) as error:
            logger.warning("%s was not told its profile again: %s", charge_point_id, error)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
