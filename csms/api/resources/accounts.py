"""/accounts: prepaid accounts, and the id tokens they pay for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import AccountId, Currency, Name, Number, Text
from csms.api.money import Amount, exact
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.route import Asked, Nothing, Reply, Route, delete, get
from csms.errors import ConflictError, NotFoundError
from csms.model import normalise_id_token
from csms.store.admin import accounts as store

TAG: Final = "Accounts"


class AccountView(Struct):
    """`available` is the balance less what is reserved.

    `held_unpriced` is the part of it that ended transactions hold which can't be charged.
    """

    id: str
    name: str | None
    kind: str
    currency: str
    user_id: str | None
    id_tokens: list[str]
    start_credit: Number
    balance: Number
    reserved: Number
    available: Number
    held_unpriced: Number
    closed_at: datetime | None
    created_at: datetime
    updated_at: datetime


class _Settings(Struct, forbid_unknown_fields=True, kw_only=True):
    currency: Currency
    name: Name | None = None
    user_id: Text | None = None
    start_credit: Annotated[
        Amount, Meta(description="A transaction begins with so much credit, which it reserves.")
    ] = 1.0
    closed: Annotated[bool, Meta(description="A closed one pays for no new transaction.")] = False


class NewAccount(_Settings, kw_only=True):
    id: AccountId


class AccountSettings(_Settings, kw_only=True):
    """All there is to set; what is left out gets its default. The currency can't change."""

    id: AccountId | UnsetType = UNSET


class AccountQuery(PageQuery, kw_only=True):
    user_id: Text | UnsetType = UNSET


class Accounts:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._cache = context.services.authorization.cache
        self._pager: Pager[AccountView] = Pager(tuple[Text], "identity")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/accounts"
        one = path + "/{account_id}"
        token = one + "/id-tokens/{id_token}"
        return [
            get(
                path,
                self.list_all,
                "List accounts",
                tag=TAG,
                query=AccountQuery,
                answer=Page[AccountView],
            ),
            Route(
                method="POST",
                path=path,
                handler=self.create,
                summary="Open a prepaid account",
                tag=TAG,
                query=Nothing,
                body=NewAccount,
                answers={201: AccountView},
                problems=(409,),
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=AccountView),
            Route(
                method="PUT",
                path=one,
                handler=self.replace,
                summary="Open an account, or change or close it",
                tag=TAG,
                query=Nothing,
                body=AccountSettings,
                answers={200: AccountView, 201: AccountView},
                problems=(409,),
            ),
            delete(
                one,
                self.remove,
                "Delete an account that was never used",
                tag=TAG,
                problems=(404, 409),
            ),
            Route(
                method="PUT",
                path=token,
                handler=self.attach,
                summary="Let an account pay for an id token from now on",
                tag=TAG,
                query=Nothing,
                body=Nothing,
                answers={200: AccountView},
                problems=(404,),
            ),
            delete(token, self.detach, "Let an account pay for an id token no longer", tag=TAG),
        ]

    async def list_all(self, asked: Asked[AccountQuery, Nothing]) -> Page[AccountView]:
        query = asked.query
        window = self._pager.window(query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(connection, window, user_id=query.user_id or None)
        return self._pager.page(rows, query, lambda row: view(AccountView, row))

    async def read(self, asked: Asked[Nothing, Nothing]) -> AccountView:
        async with self._context.database.begin() as connection:
            return view(AccountView, await store.find(connection, asked.path["account_id"]))

    async def create(self, asked: Asked[Nothing, NewAccount]) -> AccountView:
        body = asked.body
        async with self._context.change(
            asked.actor.name, "create", f"accounts/{body.id}", _shown(body)
        ) as connection:
            row = await store.create(connection, body.id, self._values(body, None))
        self._cache.forget()
        return view(AccountView, row)

    async def replace(self, asked: Asked[Nothing, AccountSettings]) -> Reply:
        account_id, body = str(asked.path["account_id"]), asked.body
        if body.id and body.id.lower() != account_id.lower():
            raise ConflictError(f"the path is about {account_id!r}, the body about {body.id!r}")
        async with self._context.change(
            asked.actor.name, "replace", f"accounts/{account_id}", _shown(body)
        ) as connection:
            try:
                before = await store.find(connection, account_id)
            except NotFoundError:
                row = await store.create(connection, account_id, self._values(body, None))
                status = 201
            else:
                values = self._values(body, before["closed_at"])
                row = await store.change(connection, account_id, values)
                status = 200
        self._cache.forget()
        return Reply(view(AccountView, row), status)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        account_id = asked.path["account_id"]
        async with self._context.change(
            asked.actor.name, "delete", f"accounts/{account_id}", {}
        ) as connection:
            await store.remove(connection, account_id)
        self._cache.forget()

    async def attach(self, asked: Asked[Nothing, Nothing]) -> AccountView:
        account_id = asked.path["account_id"]
        id_token = normalise_id_token(asked.path["id_token"])
        async with self._context.change(
            asked.actor.name, "attach", f"accounts/{account_id}", {"id_token": id_token}
        ) as connection:
            await store.attach(connection, account_id, id_token)
            row = await store.find(connection, account_id)
        self._cache.forget(id_token)
        return view(AccountView, row)

    async def detach(self, asked: Asked[Nothing, Nothing]) -> None:
        account_id = asked.path["account_id"]
        id_token = normalise_id_token(asked.path["id_token"])
        async with self._context.change(
            asked.actor.name, "detach", f"accounts/{account_id}", {"id_token": id_token}
        ) as connection:
            await store.detach(connection, account_id, id_token)
        self._cache.forget(id_token)

    def _values(self, body: _Settings, closed_at: datetime | None) -> dict[str, Any]:
        return {
            "name": body.name,
            "currency": body.currency,
            "user_id": body.user_id,
            "start_credit": exact("start_credit", body.start_credit),
            "closed_at": (closed_at or self._context.clock.now()) if body.closed else None,
        }


def _shown(body: _Settings) -> dict[str, Any]:
    return {
        "name": body.name,
        "currency": body.currency,
        "user_id": body.user_id,
        "start_credit": body.start_credit,
        "closed": body.closed,
    }
