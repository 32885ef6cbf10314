"""Availability: what each place of a charge point was last told to be, and whether it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from csms.api.context import Context
from csms.api.orders import TAG
from csms.api.paging import view
from csms.api.route import Asked, Nothing, Route, get
from csms.services.provisioning.availability import is_in_effect
from csms.store.admin import availability as store
from csms.store.admin import charge_points


class AvailabilityView(Struct):
    """`status` is the charge point's word: Scheduled means when the transaction is over.

    `evse_id` 0 is the whole charge point, `connector_id` 0 the whole EVSE. `in_effect` follows
    from what the connectors say of themselves; null if none of them is known.
    """

    evse_id: int
    connector_id: int
    operative: bool
    status: str
    ordered_at: datetime
    in_effect: bool | None


class AvailabilityOrders(Struct):
    items: list[AvailabilityView]


class Availability:
    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> Sequence[Route[Any, Any]]:
        return [
            get(
                "/api/v1/charge-points/{charge_point_id}/availability",
                self.list_orders,
                "Show what was last taken in or out of use, and whether it is",
                tag=TAG,
                query=Nothing,
                answer=AvailabilityOrders,
                problems=(404,),
            )
        ]

    async def list_orders(self, asked: Asked[Nothing, Nothing]) -> AvailabilityOrders:
        async with self._context.database.begin() as connection:
            key = await charge_points.key_of(connection, asked.charge_point_id)
            orders = await store.list_orders(connection, key)
            connectors = await charge_points.connectors_of(connection, [key])
        statuses = [(row["evse_id"], row["connector_id"], row["status"]) for row in connectors]
        return AvailabilityOrders(
            [
                view(
                    AvailabilityView,
                    row,
                    in_effect=is_in_effect(
                        row["evse_id"], row["connector_id"], row["operative"], statuses
                    ),
                )
                for row in orders
            ]
        )
