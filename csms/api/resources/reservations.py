"""/reservations: what is kept free, for whom, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import (
    IN_FUTURE,
    ConnectorType,
    GroupId,
    IdTokenText,
    IdTokenType,
    Int64,
    Moment,
    OutletId,
    ReservationId,
    Text,
)
from csms.api.orders import ERRORS, CommandQuery, said
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.reservation_book import ReservationBook
from csms.api.route import Asked, Nothing, Route, get
from csms.errors import InvalidValueError
from csms.model import IdToken, normalise_id_token
from csms.services.commands import CancelReservation, Reserve
from csms.store.admin import audit_log, charge_points, id_token_groups
from csms.store.admin import reservations as store

TAG: Final = "Reservations"
CARD: Final = "ISO14443"


class ReservationView(Struct):
    """`status`: ordered (no answer yet), active, used, cancelled, expired, removed, rejected."""

    reservation_id: int
    charge_point_id: str
    evse_id: int | None
    connector_id: int | None
    connector_type: str | None
    id_token: str
    group_id: str | None
    expires_at: datetime
    status: str
    transaction_id: int | None
    created_at: datetime
    updated_at: datetime


class NewReservation(Struct, forbid_unknown_fields=True, kw_only=True):
    """Without `evse_id` any EVSE is kept free; with `connector_type` (2.0.1) any with such a plug.

    OCPP 1.6 calls an EVSE a connector: either name will do. The token may use it, and with
    `group_id` all of that group. Without a `type` it is the one that the id token was entered with.
    """

    id_token: IdTokenText
    expires_at: Moment
    type: IdTokenType | None = None
    evse_id: OutletId | None = None
    connector_id: OutletId | None = None
    connector_type: ConnectorType | None = None
    group_id: GroupId | None = None
    reservation_id: ReservationId | None = None


class ReservationAnswer(Struct):
    status: str
    accepted: bool
    response: dict[str, Any]
    reservation_id: int


class ReservationQuery(PageQuery, kw_only=True):
    charge_point_id: Text | UnsetType = UNSET
    id_token: Text | UnsetType = UNSET
    status: Text | UnsetType = UNSET


class Reservations:
    def __init__(self, context: Context, book: ReservationBook) -> None:
        self._context = context
        self._book = book
        self._pager: Pager[ReservationView] = Pager(tuple[Int64], "id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/charge-points/{charge_point_id}/reservations"
        one = path + "/{reservation_id}"
        return [
            get(
                "/api/v1/reservations",
                self.list_all,
                "List reservations, the newest first",
                tag=TAG,
                query=ReservationQuery,
                answer=Page[ReservationView],
            ),
            Route(
                method="POST",
                path=path,
                handler=self.reserve,
                summary="Keep an EVSE free for an id token",
                tag=TAG,
                query=CommandQuery,
                body=NewReservation,
                answers={200: ReservationAnswer},
                problems=ERRORS,
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=ReservationView),
            Route(
                method="DELETE",
                path=one,
                handler=self.cancel,
                summary="Cancel a reservation",
                tag=TAG,
                query=CommandQuery,
                body=Nothing,
                answers={200: ReservationAnswer},
                problems=ERRORS,
            ),
        ]

    async def list_all(self, asked: Asked[ReservationQuery, Nothing]) -> Page[ReservationView]:
        query = asked.query
        window = self._pager.window(query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(
                connection,
                self._context.clock.now(),
                window,
                charge_point_id=query.charge_point_id or None,
                id_token=normalise_id_token(query.id_token) if query.id_token else None,
                status=query.status or None,
            )
        return self._pager.page(rows, query, lambda row: view(ReservationView, row))

    async def read(self, asked: Asked[Nothing, Nothing]) -> ReservationView:
        async with self._context.database.begin() as connection:
            row = await store.find(
                connection,
                self._context.clock.now(),
                asked.charge_point_id,
                asked.path["reservation_id"],
            )
        return view(ReservationView, row)

    async def reserve(self, asked: Asked[CommandQuery, NewReservation]) -> ReservationAnswer:
        body = asked.body
        if body.expires_at <= self._context.clock.now():
            raise InvalidValueError("expires_at", body.expires_at, IN_FUTURE)
        target = f"charge-points/{asked.charge_point_id}"
        async with self._context.database.begin() as connection:
            key = await charge_points.key_of(connection, asked.charge_point_id)
            group_id = body.group_id
            if group_id is not None:
                group_id = await id_token_groups.spelling(connection, group_id)
            number = body.reservation_id
            if number is None:
                number = await store.next_id(connection, key)
            data = {"reservation_id": number, "id_token": body.id_token}
            await audit_log.record(connection, asked.actor.name, "reserve", target, data)
        reserve = Reserve(
            reservation_id=number,
            id_token=IdToken.of(body.id_token, body.type or await self._type_of(body.id_token)),
            expires_at=body.expires_at,
            evse_id=body.connector_id if body.evse_id is None else body.evse_id,
            connector_type=body.connector_type,
            group_id=group_id,
        )
        return await self._send(asked, reserve, number)

    async def cancel(self, asked: Asked[CommandQuery, Nothing]) -> ReservationAnswer:
        number = int(asked.path["reservation_id"])
        target = f"charge-points/{asked.charge_point_id}"
        async with self._context.change(
            asked.actor.name, "cancel-reservation", target, {"reservation_id": number}
        ) as connection:
            await charge_points.key_of(connection, asked.charge_point_id)
        return await self._send(asked, CancelReservation(number), number)

    async def _type_of(self, id_token: str) -> str:
        """Return the type that an id token was entered with; a card if nobody entered it."""
        cache = self._context.services.authorization.cache
        record = await cache.get(normalise_id_token(id_token))
        return CARD if record is None else record.type

    async def _send(
        self, asked: Asked[CommandQuery, Any], command: Reserve | CancelReservation, number: int
    ) -> ReservationAnswer:
        commands, charge_point_id = self._context.commands, asked.charge_point_id
        outgoing = commands.outgoing(charge_point_id, command)
        watching = self._book.watching(charge_point_id, outgoing.action, outgoing.payload)
        async with watching as watch:
            answer = await commands.deliver(charge_point_id, outgoing, asked.query.timeout or None)
            watch.answered(answer.response)
        return ReservationAnswer(*said(answer), number)
