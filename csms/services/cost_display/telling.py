"""Costs sent to chargers after readings: not too often, one at a time, and never in the way."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from csms.errors import CommandError, InvalidValueError
from csms.events import Events, TransactionPriced
from csms.metrics import Metrics
from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.charge_points import ChargePointService
from csms.services.commanding import CommandService
from csms.services.commands import Command, SendData, TellCost
from csms.services.cost_display.displays import Display, KnownDisplays
from csms.services.cost_display.pace import Pace
from csms.services.cost_display.wording import cents, say
from csms.services.rounds import Boundary
from csms.services.transactions.model import Transaction

log = logging.getLogger(__name__)

WAITING: Final = 10_000
AT_ONCE: Final = 1000
"""Chargers that are being told; who comes beyond that is told with a later reading."""


class CostTelling:
    def __init__(
        self,
        events: Events,
        displays: KnownDisplays,
        pace: Pace,
        charge_points: ChargePointService,
        commands: CommandService,
        metrics: Metrics,
    ) -> None:
        self._boundary = Boundary("cost displays", metrics)
        self._displays = displays
        self._pace = pace
        self._charge_points = charge_points
        self._commands = commands
        self._priced = events.subscribe(WAITING, TransactionPriced)
        self._busy: set[str] = set()

    async def run(self) -> None:
        """Tell chargers until cancelled."""
        async with asyncio.TaskGroup() as tellings:
            async for priced in self._priced:
                if isinstance(priced, TransactionPriced):
                    with self._boundary.survive(f"transaction {priced.transaction_id}"):
                        told = await self._prepare(priced)
                        if told is not None:
                            tellings.create_task(self._tell(priced.charge_point_id, told))

    async def _prepare(self, priced: TransactionPriced) -> Command | None:
        """Return what to send a charger now, if anything."""
        identity = priced.charge_point_id
        charge_point = self._charge_points.live(identity)
        transaction = charge_point and _of(charge_point, priced.transaction_id)
        if charge_point is None or not transaction or priced.gross is None:
            return None
        if identity in self._busy or len(self._busy) >= AT_ONCE:
            return None
        display = await self._displays.of(charge_point)
        if (
            display is None
            or display.answers_only
            or not self._charge_points.is_connected(identity)
        ):
            return None
        command = _command(charge_point, transaction, priced, display)
        if command is not None and self._is_due(priced, display):
            self._busy.add(identity)
            return command
        return None

    def _is_due(self, priced: TransactionPriced, display: Display) -> bool:
        """I02.FR.01: at a relevant interval, answers included; the final cost at once."""
        number = priced.transaction_id
        if not priced.running:
            self._pace.forget(number)
            return True
        if not self._pace.is_due(number, display.interval_s):
            return False
        self._pace.told(number)
        return True

    async def _tell(self, charge_point_id: str, command: Command) -> None:
        with self._boundary.survive(f"telling {charge_point_id}"):
            try:
                await self._commands.execute(charge_point_id, command)
            except (CommandError, InvalidValueError) as error:
                log.info("a cost was not told: %s", error)
            finally:
                self._busy.discard(charge_point_id)


def _of(charge_point: ChargePoint, number: int) -> Transaction | None:
    running = charge_point.open_transactions.get(number)
    return running or charge_point.recent_transactions.get(number)


def _command(
    charge_point: ChargePoint,
    transaction: Transaction,
    priced: TransactionPriced,
    display: Display,
) -> Command | None:
    """Say a cost; a final one of 2.0.1 is in the answer to its end (I03.FR.02)."""
    if charge_point.ocpp_version is OcppVersion.V16:
        if display.vendor_id is None:
            return None
        data = say(display.template or "", priced, transaction.evse_id)
        return SendData(display.vendor_id, display.message_id, data)
    if not priced.running or priced.gross is None:
        return None
    return TellCost(transaction.ocpp_transaction_id, cents(priced.gross))
