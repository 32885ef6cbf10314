"""/cost-displays: which chargers show drivers what charging costs, by vendor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

from msgspec import Meta, Struct

from csms.api.context import Context
from csms.api.fields import Name, Note, Text
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.route import Asked, Nothing, Reply, Route, delete, get
from csms.errors import InvalidValueError
from csms.services.cost_display import wording
from csms.store.admin import cost_displays as store

TAG: Final = "Cost displays"

MessageId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=50, pattern="^[ -~]+$")]


class CostDisplayView(Struct):
    vendor: str
    enabled: bool
    interval_s: int
    vendor_id: str | None
    message_id: str | None
    template: str | None
    created_at: datetime
    updated_at: datetime


class CostDisplaySettings(Struct, forbid_unknown_fields=True, kw_only=True):
    """`vendor_id`, `message_id` and `template` make the DataTransfer of OCPP 1.6.

    OCPP 2.0.1 has CostUpdated for it: there `enabled` alone counts, against what the charger says.
    """

    enabled: bool = True
    interval_s: Annotated[
        int, Meta(ge=5, le=3600, description="The least time between two costs.")
    ] = 15
    vendor_id: Name | None = None
    message_id: MessageId | None = None
    template: (
        Annotated[
            Note, Meta(min_length=1, description="With names such as $total_cost and $currency.")
        ]
        | None
    ) = None


class CostDisplays:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._pager: Pager[CostDisplayView] = Pager(tuple[Text], "vendor")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/cost-displays"
        one = path + "/{vendor}"
        return [
            get(
                path,
                self.list_all,
                "List which chargers are told costs",
                tag=TAG,
                query=PageQuery,
                answer=Page[CostDisplayView],
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=CostDisplayView),
            Route(
                method="PUT",
                path=one,
                handler=self.replace,
                summary="Tell the chargers of a vendor costs, or don't",
                tag=TAG,
                query=Nothing,
                body=CostDisplaySettings,
                answers={200: CostDisplayView, 201: CostDisplayView},
            ),
            delete(one, self.remove, "Go by what the chargers say themselves", tag=TAG),
        ]

    async def list_all(self, asked: Asked[PageQuery, Nothing]) -> Page[CostDisplayView]:
        window = self._pager.window(asked.query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(connection, window)
        return self._pager.page(rows, asked.query, lambda row: view(CostDisplayView, row))

    async def read(self, asked: Asked[Nothing, Nothing]) -> CostDisplayView:
        async with self._context.database.begin() as connection:
            return view(CostDisplayView, await store.find(connection, asked.path["vendor"]))

    async def replace(self, asked: Asked[Nothing, CostDisplaySettings]) -> Reply:
        body, vendor = asked.body, asked.path["vendor"]
        if (body.vendor_id is None) != (body.template is None):
            raise InvalidValueError("template", body.template, "a text with vendor_id, else none")
        if body.template is not None:
            wording.check(body.template)
        values = {
            "enabled": body.enabled,
            "interval_s": body.interval_s,
            "vendor_id": body.vendor_id,
            "message_id": body.message_id,
            "template": body.template,
        }
        async with self._context.change(
            asked.actor.name, "replace", f"cost-displays/{vendor}", values
        ) as connection:
            row, is_new = await store.replace(connection, vendor, values)
        self._context.services.costs.changed()
        return Reply(view(CostDisplayView, row), 201 if is_new else 200)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        vendor = asked.path["vendor"]
        async with self._context.change(
            asked.actor.name, "delete", f"cost-displays/{vendor}", {}
        ) as connection:
            await store.remove(connection, vendor)
        self._context.services.costs.changed()
