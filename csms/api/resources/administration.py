"""/api-keys and /audit-log: who may use this API, and who changed what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType, field

from csms.api.context import Context
from csms.api.fields import IN_FUTURE, Int64, Moment, Name, Text
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.problems import Problem
from csms.api.route import Asked, Nothing, Route, delete, get
from csms.errors import InvalidValueError
from csms.store import api_keys
from csms.store.admin import audit_log
from csms.store.api_keys import ApiKey, Role

TAG: Final = "Administration"


class ApiKeyView(Struct):
    id: int
    name: str
    role: Role
    prefix: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewApiKeyView(ApiKeyView):
    """`key` is shown this once."""

    key: str


class ApiKeys(Struct):
    items: list[ApiKeyView]


class NewApiKey(Struct, forbid_unknown_fields=True):
    name: Name
    role: Role = "read-only"
    expires_at: Moment | None = None


class AuditQuery(PageQuery, kw_only=True):
    actor: Text | UnsetType = UNSET
    action: Text | UnsetType = UNSET
    target: Text | UnsetType = UNSET
    since: Annotated[Moment, Meta(description="At or after.")] | UnsetType = field(
        default=UNSET, name="from"
    )
    until: Annotated[Moment, Meta(description="Before.")] | UnsetType = field(
        default=UNSET, name="to"
    )


class AuditView(Struct):
    id: int
    at: datetime
    actor: str
    action: str
    target: str
    data: dict[str, Any]


class Administration:
    def __init__(self, context: Context, revoked: Callable[[], None]) -> None:
        self._context = context
        self._revoked = revoked
        self._audit: Pager[AuditView] = Pager(tuple[Int64], "id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        keys = "/api/v1/api-keys"
        return [
            get(keys, self.list_keys, "List API keys", tag=TAG, query=Nothing, answer=ApiKeys),
            Route(
                method="POST",
                path=keys,
                handler=self.create_key,
                summary="Make an API key; it is shown this once",
                tag=TAG,
                query=Nothing,
                body=NewApiKey,
                answers={201: NewApiKeyView},
                problems=(409,),
            ),
            delete(keys + "/{key_id}", self.revoke_key, "Revoke an API key", tag=TAG),
            get(
                "/api/v1/audit-log",
                self.list_audit,
                "List changes and orders, the newest first",
                tag=TAG,
                query=AuditQuery,
                answer=Page[AuditView],
            ),
        ]

    async def list_keys(self, asked: Asked[Nothing, Nothing]) -> ApiKeys:
        self._only_admin(asked)
        async with self._context.database.begin() as connection:
            return ApiKeys([_view(key) for key in await api_keys.list_all(connection)])

    async def create_key(self, asked: Asked[Nothing, NewApiKey]) -> NewApiKeyView:
        body = asked.body
        if body.expires_at is not None and body.expires_at <= self._context.clock.now():
            raise InvalidValueError("expires_at", body.expires_at, IN_FUTURE)
        data = {"role": body.role, "expires_at": body.expires_at}
        async with self._context.change(
            asked.actor.name, "create", f"api-keys/{body.name}", data
        ) as connection:
            key, secret = await api_keys.create(
                connection, body.name, body.role, expires_at=body.expires_at
            )
        return view(NewApiKeyView, _fields(key), key=secret)

    async def revoke_key(self, asked: Asked[Nothing, Nothing]) -> None:
        key_id = asked.path["key_id"]
        async with self._context.change(
            asked.actor.name, "revoke", f"api-keys/{key_id}", {}
        ) as connection:
            await api_keys.revoke(connection, key_id)
        self._revoked()

    async def list_audit(self, asked: Asked[AuditQuery, Nothing]) -> Page[AuditView]:
        self._only_admin(asked)
        query = asked.query
        window = self._audit.window(query)
        async with self._context.database.begin() as connection:
            rows = await audit_log.list_page(
                connection,
                window,
                actor=query.actor or None,
                action=query.action or None,
                target=query.target or None,
                since=query.since or None,
                until=query.until or None,
            )
        return self._audit.page(rows, query, lambda row: view(AuditView, row))

    @staticmethod
    def _only_admin(asked: Asked[Any, Any]) -> None:
        """Who else has a key, and what they did, is not for everybody."""
        if asked.actor.role != "admin":
            raise Problem(403, f"the API key {asked.actor.name!r} is no admin's")


def _view(key: ApiKey) -> ApiKeyView:
    return view(ApiKeyView, _fields(key))


def _fields(key: ApiKey) -> dict[str, Any]:
    return {name: getattr(key, name) for name in ApiKeyView.__struct_fields__}
