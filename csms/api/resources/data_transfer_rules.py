"""/data-transfer-rules: how vendors' own messages are answered where no handler knows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from csms.api.context import Context
from csms.api.paging import view
from csms.api.route import Asked, Nothing, Route, delete, get
from csms.errors import InvalidValueError
from csms.store.admin import data_transfer_rules as store

TAG: Final = "Data transfer"
DATA_LENGTH: Final = 10_000
"""Characters of JSON."""
_MessageId = Annotated[str, Meta(min_length=1, max_length=50, pattern="^[!-~]+$")]


class RuleBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """`message_ids`: only these are known, others answered UnknownMessageId; empty: any.

    What a charge point sends is among its notifications in any case. To OCPP 1.6 `data` goes as
    text.
    """

    status: Literal["Accepted", "Rejected"] = "Accepted"
    message_ids: Annotated[list[_MessageId], Meta(max_length=100)] = msgspec.field(
        default_factory=list
    )
    data: Any = None


class RuleView(Struct):
    vendor_id: str
    status: str
    message_ids: list[str]
    data: Any
    created_at: datetime
    updated_at: datetime


class RuleList(Struct):
    items: list[RuleView]


class TransferRules:
    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> Sequence[Route[Any, Any]]:
        one = "/api/v1/data-transfer-rules/{vendor_id}"
        return [
            get(
                "/api/v1/data-transfer-rules",
                self.list,
                "List how vendors' messages are answered",
                tag=TAG,
                query=Nothing,
                answer=RuleList,
            ),
            Route(
                method="PUT",
                path=one,
                handler=self.replace,
                summary="Say how a vendor's messages are answered",
                tag=TAG,
                query=Nothing,
                body=RuleBody,
                answers={200: RuleView},
                problems=(409,),
            ),
            delete(one, self.remove, "Let a vendor be unknown again", tag=TAG),
        ]

    async def list(self, asked: Asked[Nothing, Nothing]) -> RuleList:  # noqa: ARG002
        async with self._context.database.begin() as connection:
            rows = await store.list_all(connection)
        return RuleList([view(RuleView, row) for row in rows])

    async def replace(self, asked: Asked[Nothing, RuleBody]) -> RuleView:
        vendor_id, body = str(asked.path["vendor_id"]).casefold(), asked.body
        text = msgspec.json.encode(body.data).decode()
        if len(text) > DATA_LENGTH or "\\u0000" in text:
            raise InvalidValueError(
                "data", text[:40], f"JSON of at most {DATA_LENGTH} characters, without NUL"
            )
        values = {
            "status": body.status,
            "message_ids": sorted({each.casefold() for each in body.message_ids}),
            "data": body.data,
        }
        async with self._context.change(
            asked.actor.name, "replace", f"data-transfer-rules/{vendor_id}", values
        ) as connection:
            return view(RuleView, await store.replace(connection, vendor_id, values))

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        vendor_id = str(asked.path["vendor_id"]).casefold()
        async with self._context.change(
            asked.actor.name, "delete", f"data-transfer-rules/{vendor_id}", {}
        ) as connection:
            await store.remove(connection, vendor_id)
