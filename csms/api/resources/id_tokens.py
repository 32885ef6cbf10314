"""/id-tokens: who may charge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import (
    ChargePointId,
    GroupId,
    IdTokenText,
    IdTokenType,
    Moment,
    Name,
    Note,
    Text,
    UserId,
)
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.route import Asked, Nothing, Reply, Route, delete, get
from csms.errors import ConflictError
from csms.model import normalise_id_token
from csms.store.admin import id_tokens as store
from csms.store.admin import sites

TAG: Final = "Id tokens"

TokenStatus: TypeAlias = Literal["Accepted", "Blocked", "Expired", "Invalid"]


class IdTokenView(Struct):
    id_token: str
    type: str
    status: str
    expires_at: datetime | None
    group_id: str | None
    user_id: str | None
    max_concurrent_transactions: int | None
    keeps_phases: bool
    allowed_charge_points: list[str] | None
    allowed_sites: list[str] | None
    note: str | None
    created_at: datetime
    updated_at: datetime


class TokenDetails(Struct, forbid_unknown_fields=True, kw_only=True):
    status: TokenStatus = "Accepted"
    expires_at: Moment | None = None
    group_id: GroupId | None = None
    user_id: Annotated[UserId, Meta(description="Who pays.")] | None = None
    max_concurrent_transactions: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    keeps_phases: Annotated[
        bool,
        Meta(description="Its car doesn't bear being switched between one and three phases."),
    ] = False
    allowed_charge_points: Annotated[list[ChargePointId], Meta(max_length=1000)] | None = None
    allowed_sites: Annotated[list[Name], Meta(max_length=1000)] | None = None
    note: Note | None = None


class TokenSettings(TokenDetails, kw_only=True):
    type: IdTokenType = "ISO14443"


class NewIdToken(TokenSettings, kw_only=True):
    """A group that does not exist yet comes into being with its first token."""

    id_token: IdTokenText


class IdTokenSettings(TokenSettings, kw_only=True):
    """All there is to set; what is left out gets its default."""

    id_token: IdTokenText | UnsetType = UNSET


class IdTokenQuery(PageQuery, kw_only=True):
    status: TokenStatus | UnsetType = UNSET
    group_id: Text | UnsetType = UNSET
    search: Text | UnsetType = UNSET


class IdTokens:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._cache = context.services.authorization.cache
        self._pager: Pager[IdTokenView] = Pager(tuple[Text], "id_token")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/id-tokens"
        one = path + "/{id_token}"
        return [
            get(
                path,
                self.list_all,
                "List id tokens",
                tag=TAG,
                query=IdTokenQuery,
                answer=Page[IdTokenView],
            ),
            Route(
                method="POST",
                path=path,
                handler=self.create,
                summary="Create an id token",
                tag=TAG,
                query=Nothing,
                body=NewIdToken,
                answers={201: IdTokenView},
                problems=(409,),
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=IdTokenView),
            Route(
                method="PUT",
                path=one,
                handler=self.replace,
                summary="Create or replace an id token",
                tag=TAG,
                query=Nothing,
                body=IdTokenSettings,
                answers={200: IdTokenView, 201: IdTokenView},
                problems=(409,),
            ),
            delete(one, self.remove, "Delete an id token", tag=TAG),
        ]

    async def list_all(self, asked: Asked[IdTokenQuery, Nothing]) -> Page[IdTokenView]:
        query = asked.query
        window = self._pager.window(query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(
                connection,
                window,
                status=query.status or None,
                group_id=query.group_id or None,
                search=query.search or None,
            )
        return self._pager.page(rows, query, lambda row: view(IdTokenView, row))

    async def read(self, asked: Asked[Nothing, Nothing]) -> IdTokenView:
        async with self._context.database.begin() as connection:
            return view(IdTokenView, await store.find(connection, _named(asked)))

    async def create(self, asked: Asked[Nothing, NewIdToken]) -> IdTokenView:
        id_token = normalise_id_token(asked.body.id_token)
        values = values_of(asked.body)
        async with self._context.change(
            asked.actor.name, "create", f"id-tokens/{id_token}", shown(values)
        ) as connection:
            row = await store.create(connection, id_token, values)
            if row["keeps_phases"]:
                await sites.touch_switching(connection)
        self._cache.forget(id_token)
        return view(IdTokenView, row)

    async def replace(self, asked: Asked[Nothing, IdTokenSettings]) -> Reply:
        id_token, named = _named(asked), asked.body.id_token
        if named is not UNSET and normalise_id_token(named) != id_token:
            raise ConflictError(f"the path is about {id_token!r}, the body about {named!r}")
        values = values_of(asked.body)
        async with self._context.change(
            asked.actor.name, "replace", f"id-tokens/{id_token}", shown(values)
        ) as connection:
            kept = await store.keeps_phases(connection, id_token)
            row, is_new = await store.replace(connection, id_token, values)
            if row["keeps_phases"] != kept:
                await sites.touch_switching(connection)
        self._cache.forget(id_token)
        return Reply(view(IdTokenView, row), 201 if is_new else 200)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        id_token = _named(asked)
        async with self._context.change(
            asked.actor.name, "delete", f"id-tokens/{id_token}", {}
        ) as connection:
            await store.remove(connection, id_token)
        self._cache.forget(id_token)


def _named(asked: Asked[Any, Any]) -> str:
    return normalise_id_token(asked.path["id_token"])


def values_of(body: TokenDetails) -> dict[str, Any]:
    return {name: getattr(body, name) for name in TokenSettings.__struct_fields__}


def shown(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
