"""/transactions/{id}/charging-need: what a car needs, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from csms.api.context import Context
from csms.api.fields import IN_FUTURE, Moment
from csms.api.paging import view
from csms.api.route import Asked, Nothing, Route, delete, get
from csms.errors import ConflictError, InvalidValueError
from csms.store.admin import charging_needs as store
from csms.store.admin import sites, transactions
from csms.store.admin.window import AdminConnection

TAG: Final = "Charging needs"


class ChargingNeedBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is left out is unknown."""

    departure_at: Moment | None = None
    energy_wh: (
        Annotated[float, Meta(ge=0, le=10_000_000, description="Over the whole transaction.")]
        | None
    ) = None
    max_current_a: (
        Annotated[float, Meta(gt=0, le=10_000, description="The car's own limit per phase.")] | None
    ) = None


class ChargingNeedView(Struct):
    transaction_id: int
    departure_at: datetime | None
    energy_wh: float | None
    max_current_a: float | None
    updated_at: datetime


class ChargingNeeds:
    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/transactions/{transaction_id}/charging-need"
        return [
            get(
                path,
                self.read,
                "Show what the car needs",
                tag=TAG,
                query=Nothing,
                answer=ChargingNeedView,
            ),
            Route(
                method="PUT",
                path=path,
                handler=self.replace,
                summary="Say what the car of an open transaction needs, and until when",
                tag=TAG,
                query=Nothing,
                body=ChargingNeedBody,
                answers={200: ChargingNeedView},
                problems=(404, 409),
            ),
            delete(path, self.remove, "Forget what the car needs", tag=TAG),
        ]

    async def read(self, asked: Asked[Nothing, Nothing]) -> ChargingNeedView:
        async with self._context.database.begin() as connection:
            return view(
                ChargingNeedView, await store.find(connection, asked.path["transaction_id"])
            )

    async def replace(self, asked: Asked[Nothing, ChargingNeedBody]) -> ChargingNeedView:
        transaction_id, body = asked.path["transaction_id"], asked.body
        departure_at = body.departure_at
        if departure_at is not None and departure_at <= self._context.clock.now():
            raise InvalidValueError("departure_at", departure_at.isoformat(), IN_FUTURE)
        values = {name: getattr(body, name) for name in body.__struct_fields__}
        shown = values | {"departure_at": departure_at and departure_at.isoformat()}
        async with self._context.change(
            asked.actor.name, "replace", f"transactions/{transaction_id}/charging-need", shown
        ) as connection:
            transaction = await transactions.find(connection, transaction_id)
            if transaction["stopped_at"] is not None:
                raise ConflictError(f"transaction {transaction_id} is over")
            await _touch(connection, transaction_id)
            return view(ChargingNeedView, await store.replace(connection, transaction_id, values))

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        transaction_id = asked.path["transaction_id"]
        async with self._context.change(
            asked.actor.name, "delete", f"transactions/{transaction_id}/charging-need", {}
        ) as connection:
            await _touch(connection, transaction_id)
            await store.remove(connection, transaction_id)


async def _touch(connection: AdminConnection, transaction_id: int) -> None:
    site_id = await store.site_of(connection, transaction_id)
    if site_id is not None:
        await sites.touch(connection, site_id)
