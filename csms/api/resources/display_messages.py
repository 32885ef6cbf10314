"""Messages on charge points' displays: shown, cleared, asked for, and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from csms.api.context import Context
from csms.api.fields import Moment, RecordId
from csms.api.operation_orders import OperationOrders, utc
from csms.api.orders import AnswerView, CommandQuery, Orders, order, view_of
from csms.api.paging import view
from csms.api.route import Asked, Nothing, Route, get
from csms.errors import InvalidValueError
from csms.services.charge_point import ChargePoint
from csms.services.commands import ClearDisplayMessage, GetDisplayMessages, SetDisplayMessage
from csms.services.operations.desk import OperationDesk, Placed
from csms.store.admin import charge_points, transactions
from csms.store.admin import operations as store

TAG: Final = "Display messages"
Priority: TypeAlias = Literal["AlwaysFront", "InFront", "NormalCycle"]
StationState: TypeAlias = Literal["Charging", "Faulted", "Idle", "Unavailable"]
MessageFormat: TypeAlias = Literal["ASCII", "HTML", "URI", "UTF8"]
MessageId: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class SetBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """Without a `message_id` it gets a new one; that of a known message replaces it.

    `state`: shown only while the charge point is in it. For one transaction only: its
    `transaction_id` (the `id` of /transactions), or OCPP's own `ocpp_transaction_id`.
    """

    content: Annotated[str, Meta(min_length=1, max_length=1024, pattern=r"^[^\x00]*$")]
    message_id: MessageId | None = None
    priority: Priority = "NormalCycle"
    format: MessageFormat = "UTF8"
    language: Annotated[str, Meta(pattern="^[A-Za-z0-9-]{2,8}$")] | None = None
    state: StationState | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    transaction_id: RecordId | None = None
    ocpp_transaction_id: Annotated[str, Meta(pattern="^[!-~]{1,36}$")] | None = None


class ClearBody(Struct, forbid_unknown_fields=True):
    message_id: MessageId


class GetBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """Without anything, all messages."""

    message_ids: Annotated[list[MessageId], Meta(max_length=100)] = msgspec.field(
        default_factory=list
    )
    priority: Priority | None = None
    state: StationState | None = None


class DisplayMessageView(Struct):
    message_id: int
    priority: str
    format: str
    content: str
    language: str | None
    state: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    ocpp_transaction_id: str | None
    component: str | None
    evse_id: int | None
    updated_at: datetime


class DisplayMessageList(Struct):
    """What a charge point took, and what it told when it was last asked."""

    items: list[DisplayMessageView]


class DisplayMessages:
    def __init__(self, context: Context, desk: OperationDesk) -> None:
        self._context = context
        self._desk = desk
        self._orders = Orders(context)
        self._operations = OperationOrders(context)

    def routes(self) -> Sequence[Route[Any, Any]]:
        return [
            get(
                "/api/v1/charge-points/{charge_point_id}/display-messages",
                self.list,
                "List the messages that a charge point shows, as far as is known",
                tag=TAG,
                query=Nothing,
                answer=DisplayMessageList,
                problems=(404,),
            ),
            order("set-display-message", SetBody, self.set, "Show a message on the display"),
            order("clear-display-message", ClearBody, self.clear, "Take a message off the display"),
            self._operations.verb(
                "get-display-messages", GetBody, self._get, "Ask for the messages on the display"
            ),
        ]

    async def list(self, asked: Asked[Nothing, Nothing]) -> DisplayMessageList:
        async with self._context.database.begin() as connection:
            key = await charge_points.key_of(connection, asked.charge_point_id)
            rows = await store.shown_messages(connection, key)
        return DisplayMessageList([view(DisplayMessageView, row) for row in rows])

    async def set(self, asked: Asked[CommandQuery, SetBody]) -> AnswerView:
        body = asked.body
        await self._orders.note(asked, "set-display-message", msgspec.to_builtins(body))
        if body.starts_at and body.ends_at and body.ends_at <= body.starts_at:
            raise InvalidValueError("ends_at", body.ends_at.isoformat(), "a time after starts_at")
        message_id = body.message_id
        if message_id is None:
            message_id = await self._new_id(asked.charge_point_id)
        answer = await self._orders.send(
            asked,
            SetDisplayMessage(
                message_id=message_id,
                priority=body.priority,
                format=body.format,
                content=body.content,
                language=body.language,
                state=body.state,
                starts_at=utc(body.starts_at),
                ends_at=utc(body.ends_at),
                ocpp_transaction_id=await self._transaction(body),
            ),
        )
        answer.results.append({"message_id": message_id})
        return view_of(answer)

    async def clear(self, asked: Asked[CommandQuery, ClearBody]) -> AnswerView:
        await self._orders.note(asked, "clear-display-message", msgspec.to_builtins(asked.body))
        return view_of(await self._orders.send(asked, ClearDisplayMessage(asked.body.message_id)))

    async def _get(
        self,
        charge_point: ChargePoint,
        asked: Asked[CommandQuery, GetBody],
        timeout_s: float | None,
    ) -> Placed:
        body = asked.body
        command = GetDisplayMessages(
            request_id=0,
            message_ids=tuple(body.message_ids),
            priority=body.priority,
            state=body.state,
        )
        return await self._desk.display_messages(charge_point, command, asked.actor.name, timeout_s)

    async def _new_id(self, charge_point_id: str) -> int:
        async with self._context.database.begin() as connection:
            key = await charge_points.key_of(connection, charge_point_id)
            return await store.next_message_id(connection, key)

    async def _transaction(self, body: SetBody) -> str | None:
        if body.transaction_id is None:
            return body.ocpp_transaction_id
        if body.ocpp_transaction_id is not None:
            raise InvalidValueError(
                "transaction_id", body.transaction_id, "it or ocpp_transaction_id, not both"
            )
        async with self._context.database.begin() as connection:
            transaction = await transactions.find(connection, body.transaction_id)
        return str(transaction["ocpp_transaction_id"])
