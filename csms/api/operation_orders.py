"""Orders that begin an operation: noted, placed at the desk, shown with the operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, Struct

from csms.api.context import Context
from csms.api.orders import CommandQuery, Orders, order
from csms.api.resources.firmware_files import stored_firmware
from csms.api.resources.operations import OperationAnswerView, placed_view
from csms.api.route import Asked, Route
from csms.errors import NotConnectedError
from csms.services.charge_point import ChargePoint
from csms.services.operations.desk import FirmwareFile, Placed
from csms.store.admin import firmware_files

B = TypeVar("B", bound=Struct)

Place: TypeAlias = Callable[[ChargePoint, Asked[CommandQuery, B], float | None], Awaitable[Placed]]
"""Places an order; the last argument is how long to wait for the answer, in seconds."""
Location: TypeAlias = Annotated[
    str,
    Meta(
        max_length=2000,
        pattern="^[A-Za-z][A-Za-z0-9+.-]*://[!-~]+$",
        description="A URL that the charge point can use: http, https, ftp, sftp, ...",
    ),
]
Retries: TypeAlias = Annotated[int, Meta(ge=0, le=100)]
RetryIntervalS: TypeAlias = Annotated[int, Meta(ge=0, le=86_400)]


class OperationOrders:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._orders = Orders(context)

    def verb(
        self, name: str, body: type[B], place: Place[B], summary: str
    ) -> Route[CommandQuery, B]:
        """Make the route of a verb that begins an operation of one charge point."""

        async def handler(asked: Asked[CommandQuery, B]) -> OperationAnswerView:
            await self._orders.note(asked, name, _noted(asked.body))
            link = self._context.links.get(asked.charge_point_id)
            if link is None:
                raise NotConnectedError(asked.charge_point_id)
            placed = await place(link.charge_point, asked, asked.query.timeout or None)
            return placed_view(placed, asked.actor)

        return order(name, body, handler, summary, answer=OperationAnswerView)

    async def firmware(self, firmware_id: int | None) -> FirmwareFile | None:
        """Return a firmware of the store; raises NotFoundError, ConflictError."""
        if firmware_id is None:
            return None
        async with self._context.database.begin() as connection:
            return stored_firmware(await firmware_files.find(connection, firmware_id))


def utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


def _noted(body: Struct) -> Any:
    """What the audit log holds of an order: of a customer, only in which way one is named."""
    values = msgspec.to_builtins(body)
    personal = ("id_token", "customer_id", "certificate")
    return {
        name: "(given)" if name in personal and value is not None else value
        for name, value in values.items()
        if name not in ("signing_certificate", "signature")
    }
