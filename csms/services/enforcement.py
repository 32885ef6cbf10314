"""Who charges although the card was refused is stopped.

Some chargers start although they were told no. Their transaction is recorded like any other, an
alarm is raised once energy flows, and here the charger is told to stop.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Final

from csms.clock import Clock
from csms.errors import CommandError, InvalidValueError
from csms.events import ChargePointNotified, Events
from csms.metrics import Metrics
from csms.services.charge_points import ChargePointService
from csms.services.commanding import CommandService
from csms.services.commands import RemoteStop
from csms.services.rounds import Boundary
from csms.services.transactions.model import Transaction

log = logging.getLogger(__name__)

WAITING_ALARMS: Final = 1000
FRESH: Final = timedelta(minutes=5)


class Enforcement:
    def __init__(
        self,
        events: Events,
        charge_points: ChargePointService,
        commands: CommandService,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._clock = clock
        self._boundary = Boundary("enforcement", metrics)
        self._alarms = events.subscribe(WAITING_ALARMS, ChargePointNotified)
        self._charge_points = charge_points
        self._commands = commands

    async def run(self) -> None:
        """Stop what may not charge, until cancelled."""
        async with asyncio.TaskGroup() as stops:
            async for alarm in self._alarms:
                if isinstance(alarm, ChargePointNotified) and alarm.kind == "charging_unauthorized":
                    number = alarm.data["transaction_id"]
                    stops.create_task(self._stop(alarm.charge_point_id, number))

    def _charges_now(self, transaction: Transaction) -> bool:
        """Readings that were kept while the charger was offline tell of the past."""
        last = transaction.last_reading_at
        return last is not None and self._clock.now() - last < FRESH

    async def _stop(self, charge_point_id: str, transaction_id: int) -> None:
        with self._boundary.survive(f"stopping transaction {transaction_id}"):
            await self._tell_to_stop(charge_point_id, transaction_id)

    async def _tell_to_stop(self, charge_point_id: str, transaction_id: int) -> None:
        charge_point = self._charge_points.live(charge_point_id)
        transaction = charge_point and charge_point.open_transactions.get(transaction_id)
        if not transaction or not self._charges_now(transaction):
            return
        stop = RemoteStop(transaction_id, transaction.ocpp_transaction_id)
        try:
            answer = await self._commands.execute(charge_point_id, stop)
        except (CommandError, InvalidValueError) as error:
            log.warning("transaction %d charges unauthorized: %s", transaction_id, error)
        else:
            log.warning(
                "%s was told to stop transaction %d, which charges unauthorized: %s",
                charge_point_id,
                transaction_id,
                answer.status,
            )
