"""/spending-limits: how much a user, an id token or an account may use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import Currency, Int64, Number, Text
from csms.api.money import Amount, exact
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.route import Asked, Nothing, Route, delete, get
from csms.errors import InvalidValueError
from csms.model import normalise_id_token
from csms.store.admin import spending_limits as store

TAG: Final = "Spending limits"

Scope: TypeAlias = Literal["user", "id_token", "account"]
Measure: TypeAlias = Literal["money", "energy"]


class SpendingLimitView(Struct):
    """`at_most` is money with VAT in `currency`, or Wh."""

    id: int
    scope: str
    subject_id: str
    period: str
    measure: str
    at_most: Number
    currency: str | None
    created_at: datetime
    updated_at: datetime


class SpendingLimitSetting(Struct, forbid_unknown_fields=True, kw_only=True):
    """One limit; the same scope, subject, period and measure again replaces it."""

    scope: Scope
    subject_id: Annotated[Text, Meta(min_length=1)]
    period: Literal["transaction", "month"]
    measure: Measure
    at_most: Annotated[Amount, Meta(description="Money with VAT, or Wh.")]
    currency: Annotated[Currency, Meta(description="For money.")] | None = None


class LimitQuery(PageQuery, kw_only=True):
    scope: Scope | UnsetType = UNSET
    subject_id: Text | UnsetType = UNSET


class SpendingLimits:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._cache = context.services.authorization.cache
        self._pager: Pager[SpendingLimitView] = Pager(tuple[Int64], "id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/spending-limits"
        one = path + "/{limit_id}"
        return [
            get(
                path, self.list_all, "List limits", tag=TAG, query=LimitQuery,
                answer=Page[SpendingLimitView],
            ),
            Route(
                method="PUT",
                path=path,
                handler=self.put,
                summary="Set a limit",
                tag=TAG,
                query=Nothing,
                body=SpendingLimitSetting,
                answers={200: SpendingLimitView},
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=SpendingLimitView),
            delete(one, self.remove, "Lift a limit", tag=TAG),
        ]  # fmt: skip

    async def list_all(self, asked: Asked[LimitQuery, Nothing]) -> Page[SpendingLimitView]:
        query = asked.query
        window = self._pager.window(query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(
                connection,
                window,
                scope=query.scope or None,
                subject_id=query.subject_id or None,
            )
        return self._pager.page(rows, query, lambda row: view(SpendingLimitView, row))

    async def read(self, asked: Asked[Nothing, Nothing]) -> SpendingLimitView:
        async with self._context.database.begin() as connection:
            return view(SpendingLimitView, await store.find(connection, asked.path["limit_id"]))

    async def put(self, asked: Asked[Nothing, SpendingLimitSetting]) -> SpendingLimitView:
        body = asked.body
        if (body.measure == "money") != (body.currency is not None):
            allowed = "a currency" if body.measure == "money" else "none for energy"
            raise InvalidValueError("currency", body.currency, allowed)
        is_token = body.scope == "id_token"
        values = {
            "scope": body.scope,
            "subject_id": normalise_id_token(body.subject_id) if is_token else body.subject_id,
            "period": body.period,
            "measure": body.measure,
            "at_most": exact("at_most", body.at_most),
            "currency": body.currency,
        }
        shown = {**values, "at_most": str(values["at_most"])}
        target = f"spending-limits/{body.scope}/{body.subject_id}"
        async with self._context.change(asked.actor.name, "set", target, shown) as connection:
            row = await store.put(connection, values)
        self._cache.forget()
        await self._context.prices_changed()
        return view(SpendingLimitView, row)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        number = asked.path["limit_id"]
        async with self._context.change(
            asked.actor.name, "delete", f"spending-limits/{number}", {}
        ) as connection:
            await store.remove(connection, number)
        self._cache.forget()
