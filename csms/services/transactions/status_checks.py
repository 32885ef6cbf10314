"""Asks for what is missing of transactions that have ended (E14).

The sequence numbers of a transaction's events tell whether some did not come. A charge point is
asked once whether it still has them; asking also makes some of them send.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import Final

from csms.clock import Clock
from csms.errors import CsmsError
from csms.events import Events, TransactionEnded
from csms.model import Flag, OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.charge_points import ChargePointService
from csms.services.commanding import CommandService
from csms.services.commands import GetTransactionStatus
from csms.services.notifications import NotificationService
from csms.services.transactions.matching import newest_first
from csms.services.transactions.model import Transaction

log = logging.getLogger(__name__)

GRACE_S: Final = 0.5
"""For events that come a moment after the last one."""
WAITING: Final = 1000
AT_ONCE: Final = 8
"""Charge points that are asked at the same time, however many come back together."""
REMEMBERED: Final = 10_000


class TransactionStatusChecks:
    def __init__(
        self,
        events: Events,
        charge_points: ChargePointService,
        commands: CommandService,
        notifications: NotificationService,
        clock: Clock,
    ) -> None:
        self._ended = events.subscribe(WAITING, TransactionEnded)
        self._charge_points = charge_points
        self._commands = commands
        self._notifications = notifications
        self._clock = clock
        self._asked: OrderedDict[int, None] = OrderedDict()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def run(self) -> None:
        """Ask until cancelled."""
        async with asyncio.TaskGroup() as questions:
            async for event in self._ended:
                if isinstance(event, TransactionEnded) and self._is_new(event):
                    questions.create_task(self._ask(event))

    def _is_new(self, event: TransactionEnded) -> bool:
        if Flag.MISSING_EVENTS not in event.flags or event.transaction_id in self._asked:
            return False
        if self._waiting >= WAITING:  # the flag stays, an operator may ask
            return False
        self._asked[event.transaction_id] = None
        if len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)
        return True

    async def _ask(self, event: TransactionEnded) -> None:
        self._waiting += 1
        try:
            await asyncio.sleep(GRACE_S)
            await self._ask_in_turn(event)
        finally:
            self._waiting -= 1

    async def _ask_in_turn(self, event: TransactionEnded) -> None:
        async with self._slots:
            charge_point = self._charge_points.live(event.charge_point_id)
            if charge_point is None or charge_point.ocpp_version is OcppVersion.V16:
                return
            transaction = _held(charge_point, event.transaction_id)
            if transaction is None or Flag.MISSING_EVENTS not in transaction.flags:
                return
            try:
                await self._ask_for(charge_point, transaction)
            except CsmsError as error:
                log.warning("nobody tells what is missing of %d: %s", transaction.id, error)

    async def _ask_for(self, charge_point: ChargePoint, transaction: Transaction) -> None:
        ocpp_id = transaction.ocpp_transaction_id
        answer = await self._commands.execute(charge_point.id, GetTransactionStatus(ocpp_id))
        told = answer.results[0] if answer.results else {}
        has_more = bool(told.get("messages_in_queue"))
        what = "the charge point still has some" if has_more else "they are lost"
        now = self._clock.now()
        await self._notifications.record(
            charge_point,
            "transaction_status",
            f"events of transaction {transaction.id} are missing: {what}",
            {"transaction_id": transaction.id, "ocpp_transaction_id": ocpp_id, **told},
            now,
            severity="info" if has_more else "warning",
            evse_id=transaction.evse_id,
            connector_id=transaction.connector_id,
        )


def _held(charge_point: ChargePoint, transaction_id: int) -> Transaction | None:
    return next((each for each in newest_first(charge_point) if each.id == transaction_id), None)
