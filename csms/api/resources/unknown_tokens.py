"""/unknown-id-tokens: cards that were shown and that nobody has entered, to be taken over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import ChargePointId, IdTokenType, Moment, SiteId, Text
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.resources.id_tokens import IdTokenView, TokenDetails, shown, values_of
from csms.api.route import Asked, Nothing, Route, delete, get
from csms.model import normalise_id_token
from csms.services.token_spellings import readings
from csms.store.admin import id_tokens
from csms.store.admin import unknown_tokens as store
from csms.store.admin.window import AdminConnection

TAG: Final = "Id tokens"
_MOST_RESEMBLED: Final = 5


async def _near(connection: AdminConnection, shown_tokens: list[str]) -> dict[str, list[str]]:
    """Return the entered tokens that each of the shown ones may be."""
    made_of = {token: readings(token) for token in shown_tokens}
    may_be = {reading for each in made_of.values() for reading in each}
    if not may_be:
        return {}
    found = await store.entered_of(connection, may_be, shown_tokens)
    of_entered = {token: readings(token) for token in found}
    return {
        token: [known for known in found if known in made_of[token] or token in of_entered[known]][
            :_MOST_RESEMBLED
        ]
        for token in shown_tokens
    }


class UnknownTokenView(Struct, kw_only=True):
    """`charge_point_id` is where it was shown last, `times` how often it was shown anywhere.

    `resembles` are tokens that were entered and that may be the same card, read in another way.
    """

    id_token: str
    type: str
    charge_point_id: str
    site_id: str | None
    times: int
    first_seen_at: datetime
    last_seen_at: datetime
    dismissed_at: datetime | None
    resembles: list[str]


class Adoption(TokenDetails, kw_only=True):
    """Without a `type` it is the one that the token was shown with."""

    type: IdTokenType | None = None


class UnknownTokensQuery(PageQuery, kw_only=True):
    charge_point_id: ChargePointId | UnsetType = UNSET
    site_id: SiteId | UnsetType = UNSET
    dismissed: bool = False


class UnknownTokens:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._seen = context.services.authorization.unknown
        self._cache = context.services.authorization.cache
        self._pager: Pager[UnknownTokenView] = Pager(
            tuple[Moment, Text], "last_seen_at", "id_token"
        )

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/unknown-id-tokens"
        one = path + "/{id_token}"
        return [
            get(
                path,
                self.list_all,
                "List tokens that were shown and that nobody has entered, the latest first",
                tag=TAG,
                query=UnknownTokensQuery,
                answer=Page[UnknownTokenView],
            ),
            Route(
                method="POST",
                path=one + "/adopt",
                handler=self.adopt,
                summary="Enter one: from now on it may charge",
                tag=TAG,
                query=Nothing,
                body=Adoption,
                answers={201: IdTokenView},
                problems=(404, 409),
            ),
            delete(one, self.dismiss, "Put one aside: it is not listed again", tag=TAG),
        ]

    async def list_all(self, asked: Asked[UnknownTokensQuery, Nothing]) -> Page[UnknownTokenView]:
        query = asked.query
        window = self._pager.window(query)
        await self._seen.write()
        async with self._context.database.begin() as connection:
            rows = await store.list_page(
                connection,
                window,
                dismissed=query.dismissed,
                charge_point_id=query.charge_point_id or None,
                site_id=query.site_id or None,
            )
            near = await _near(connection, [row["id_token"] for row in rows])
        return self._pager.page(
            rows,
            query,
            lambda row: view(UnknownTokenView, row, resembles=near.get(row["id_token"], [])),
        )

    async def adopt(self, asked: Asked[Nothing, Adoption]) -> IdTokenView:
        id_token = normalise_id_token(asked.path["id_token"])
        values = values_of(asked.body)
        await self._seen.write()
        async with self._context.change(
            asked.actor.name, "adopt", f"id-tokens/{id_token}", shown(values)
        ) as connection:
            seen = await store.find(connection, id_token)
            kind = values["type"] or seen["type"]
            row = await id_tokens.create(connection, id_token, {**values, "type": kind})
            await store.forget(connection, id_token)
        self._cache.forget(id_token)
        return view(IdTokenView, row)

    async def dismiss(self, asked: Asked[Nothing, Nothing]) -> None:
        id_token = normalise_id_token(asked.path["id_token"])
        await self._seen.write()
        async with self._context.change(
            asked.actor.name, "dismiss", f"unknown-id-tokens/{id_token}", {}
        ) as connection:
            await store.dismiss(connection, id_token)
