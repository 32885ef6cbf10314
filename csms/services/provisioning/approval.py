"""Who was just accepted is asked to boot again, and need not wait for its interval (B02, F06)."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from csms.errors import CommandError, InvalidValueError
from csms.events import Events, RegistrationDecided
from csms.model import RegistrationStatus
from csms.services.charge_points import ChargePointService
from csms.services.commanding import CommandService
from csms.services.commands import Trigger

log = logging.getLogger(__name__)

WAITING: Final = 10_000
AT_ONCE: Final = 20


class Approvals:
    def __init__(
        self, events: Events, charge_points: ChargePointService, commands: CommandService
    ) -> None:
        self._decided = events.subscribe(WAITING, RegistrationDecided)
        self._charge_points = charge_points
        self._commands = commands

    async def run(self) -> None:
        """Ask who was accepted to boot, until cancelled."""
        places = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as asked:
            async for event in self._decided:
                accepted = (
                    isinstance(event, RegistrationDecided)
                    and event.registration_status == RegistrationStatus.ACCEPTED
                )
                if accepted and self._charge_points.is_connected(event.charge_point_id):
                    await places.acquire()
                    asked.create_task(self._ask(event.charge_point_id, places))

    async def _ask(self, charge_point_id: str, places: asyncio.Semaphore) -> None:
        try:
            await self._commands.execute(charge_point_id, Trigger("BootNotification"))
        except (CommandError, InvalidValueError) as error:  # it will boot by itself, later
            log.info("%s was accepted, but can't be asked to boot: %s", charge_point_id, error)
        finally:
            places.release()
