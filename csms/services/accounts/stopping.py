"""How a transaction is stopped that may not go on: asked to end, else given nothing."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Final, Protocol

from csms.clock import Clock
from csms.errors import CommandError, InvalidValueError
from csms.services.charge_point import ChargePoint
from csms.services.charge_points import ChargePointService
from csms.services.commanding import CommandService
from csms.services.commands import Command, RemoteStop, SetChargingProfile
from csms.services.notifications import NotificationService
from csms.services.operator_limits import OperatorLimit, transaction_profile
from csms.services.transactions.model import Transaction

log = logging.getLogger(__name__)

OBEYED_WITHIN_S: Final = 20.0
ASKED_AGAIN_AFTER_S: Final = 60.0
MAX_STOPPING: Final = 10_000
LEVELS: Final = (10, 8, 5, 3, 2, 1, 0)
"""The highest that the charge point takes rules over all other limits of the transaction."""


class Withholding(Protocol):
    """Load management, whose limits would take the place of ours."""

    def withhold(
        self, charge_point_id: str, evse_id: int, transaction_id: int, reason: str
    ) -> bool:
        """Give a transaction nothing more; False if its EVSE isn't steered here."""
        ...


class TransactionStops:
    """Implements `csms.services.accounts.watching.Stops`; one attempt for each at a time."""

    def __init__(
        self,
        charge_points: ChargePointService,
        commands: CommandService,
        notifications: NotificationService,
        loads: Withholding,
        clock: Clock,
        *,
        obeyed_within_s: float = OBEYED_WITHIN_S,
    ) -> None:
        self._charge_points = charge_points
        self._commands = commands
        self._notifications = notifications
        self._loads = loads
        self._clock = clock
        self._obeyed_within_s = obeyed_within_s
        self._stopping: dict[int, asyncio.Task[None]] = {}

    def stop(self, charge_point_id: str, transaction_id: int, reason: str) -> None:
        """Begin to stop a transaction, unless that was begun already."""
        if transaction_id in self._stopping or len(self._stopping) >= MAX_STOPPING:
            return
        task = asyncio.create_task(
            self._stop(charge_point_id, transaction_id, reason), name=f"stop {transaction_id}"
        )
        self._stopping[transaction_id] = task
        task.add_done_callback(lambda _: self._stopping.pop(transaction_id, None))

    async def close(self) -> None:
        """Give up what was begun."""
        tasks = list(self._stopping.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _stop(self, charge_point_id: str, number: int, reason: str) -> None:
        found = self._find(charge_point_id, number)
        if found is None:
            return
        charge_point, transaction = found
        await self._notifications.record(
            charge_point,
            "spending_limit",
            f"transaction {number} is stopped: {reason}",
            {"transaction_id": number, "id_token": transaction.id_token, "reason": reason},
            self._clock.now(),
            severity="warning",
            evse_id=transaction.evse_id,
            connector_id=transaction.connector_id,
        )
        if not await self._tell(
            charge_point_id, RemoteStop(number, transaction.ocpp_transaction_id)
        ) or not await self._ends(charge_point_id, number):
            await self._withhold(charge_point_id, number, reason)
            await asyncio.sleep(ASKED_AGAIN_AFTER_S)

    async def _ends(self, charge_point_id: str, number: int) -> bool:
        """Wait a moment for a transaction to end; returns whether it did."""
        await asyncio.sleep(self._obeyed_within_s)
        return self._find(charge_point_id, number) is None

    async def _withhold(self, charge_point_id: str, number: int, reason: str) -> None:
        """Give nothing to a transaction that goes on."""
        found = self._find(charge_point_id, number)
        if found is None:
            return
        transaction = found[1]
        if self._loads.withhold(charge_point_id, transaction.evse_id, number, reason):
            return
        nothing = OperatorLimit(evse_id=transaction.evse_id, limit=0.0, unit="A")
        profile = transaction_profile(nothing, transaction, self._clock.now())
        for level in LEVELS:
            lowest = SetChargingProfile(transaction.evse_id, replace(profile, stack_level=level))
            if await self._tell(charge_point_id, lowest):
                return

    async def _tell(self, charge_point_id: str, command: Command) -> bool:
        name = type(command).__name__
        try:
            answer = await self._commands.execute(charge_point_id, command)
        except (CommandError, InvalidValueError) as error:
            log.warning("%s of a transaction without credit: %s", name, error)
            return False
        if not answer.accepted:
            log.warning("%s answered %s with %s", charge_point_id, name, answer.status)
        return answer.accepted

    def _find(self, charge_point_id: str, number: int) -> tuple[ChargePoint, Transaction] | None:
        charge_point = self._charge_points.live(charge_point_id)
        if charge_point is None:
            return None
        transaction = charge_point.open_transactions.get(number)
        return None if transaction is None else (charge_point, transaction)
