"""A customer that a charge point was told to forget leaves its local list as well (N10.FR.02)."""

from __future__ import annotations

import logging
from typing import Final

from csms.errors import CommandError, DatabaseUnavailableError, InvalidValueError
from csms.events import Events, OperationChanged
from csms.metrics import Metrics
from csms.model import normalise_id_token
from csms.services.charge_point import ChargePoint
from csms.services.charge_points import ChargePointService
from csms.services.commands import SendLocalList
from csms.services.local_list.choosing import ListChooser
from csms.services.local_list.exchange import Commander
from csms.services.local_list.words import MAX_VERSION, SentList, UpdateType
from csms.services.operations.book import OperationBook
from csms.services.operations.model import Kind, State
from csms.services.rounds import Boundary

logger = logging.getLogger(__name__)

WAITING_EVENTS: Final = 1000


class ListForgetting:
    """Watches for customers that were cleared; only the central system changes lists."""

    def __init__(
        self,
        events: Events,
        charge_points: ChargePointService,
        book: OperationBook,
        chooser: ListChooser,
        commands: Commander,
        metrics: Metrics,
    ) -> None:
        self._boundary = Boundary("customers to forget", metrics)
        self._changes = events.subscribe(WAITING_EVENTS, OperationChanged)
        self._charge_points = charge_points
        self._book = book
        self._chooser = chooser
        self._commands = commands

    async def run(self) -> None:
        """Work until cancelled."""
        async for change in self._changes:
            if (
                isinstance(change, OperationChanged)
                and change.kind == Kind.CUSTOMER_INFORMATION
                and change.state == State.SUCCEEDED
            ):
                with self._boundary.survive(f"updating the list of {change.charge_point_id}"):
                    await self._look_or_say(change)

    async def _look_or_say(self, change: OperationChanged) -> None:
        try:
            await self._look(change)
        except (CommandError, DatabaseUnavailableError, InvalidValueError) as error:
            logger.warning(
                "the list of %s still holds a customer that it forgot: %s",
                change.charge_point_id,
                error,
            )

    async def _look(self, change: OperationChanged) -> None:
        charge_point = self._charge_points.live(change.charge_point_id)
        operation = await self._book.find(change.operation_id)
        if charge_point is None or operation is None or not operation.request.get("clear"):
            return
        id_token = operation.request.get("id_token")
        if isinstance(id_token, str):
            await self._forget(charge_point, normalise_id_token(id_token))

    async def _forget(self, charge_point: ChargePoint, id_token: str) -> None:
        """Take a token off the list that the charge point holds, if it is there."""
        known = await self._chooser.known(charge_point)
        entry = (known.entries or {}).get(id_token)
        version = (known.version or 0) + 1
        if entry is None or version > MAX_VERSION:
            return
        part = SentList(version, UpdateType.DIFFERENTIAL, removed=(entry,))
        answer = await self._commands.execute(charge_point.id, SendLocalList(part))
        if not answer.accepted:
            logger.warning(
                "%s refused to take a token off its list: %s", charge_point.id, answer.status
            )
