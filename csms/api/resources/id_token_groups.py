"""/id-token-groups: tokens that may stop each other's transactions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import GroupId, Name, Text
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.route import Asked, Nothing, Reply, Route, delete, get
from csms.errors import ConflictError
from csms.store.admin import id_token_groups as store

TAG: Final = "Id token groups"


class GroupView(Struct):
    id: str
    name: str | None
    master_pass: bool
    created_at: datetime
    updated_at: datetime


class _Settings(Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name | None = None
    master_pass: bool = False


class NewGroup(_Settings, kw_only=True):
    id: GroupId


class GroupSettings(_Settings, kw_only=True):
    """All there is to set; what is left out gets its default."""

    id: GroupId | UnsetType = UNSET


class IdTokenGroups:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._cache = context.services.authorization.cache
        self._pager: Pager[GroupView] = Pager(tuple[Text], "identity")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/id-token-groups"
        one = path + "/{group_id}"
        return [
            get(
                path,
                self.list_all,
                "List groups",
                tag=TAG,
                query=PageQuery,
                answer=Page[GroupView],
            ),
            Route(
                method="POST",
                path=path,
                handler=self.create,
                summary="Create a group; with master_pass it may stop any transaction",
                tag=TAG,
                query=Nothing,
                body=NewGroup,
                answers={201: GroupView},
                problems=(409,),
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=GroupView),
            Route(
                method="PUT",
                path=one,
                handler=self.replace,
                summary="Create or replace a group",
                tag=TAG,
                query=Nothing,
                body=GroupSettings,
                answers={200: GroupView, 201: GroupView},
                problems=(409,),
            ),
            delete(one, self.remove, "Delete a group; its tokens stay, without one", tag=TAG),
        ]

    async def list_all(self, asked: Asked[PageQuery, Nothing]) -> Page[GroupView]:
        window = self._pager.window(asked.query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(connection, window)
        return self._pager.page(rows, asked.query, lambda row: view(GroupView, row))

    async def read(self, asked: Asked[Nothing, Nothing]) -> GroupView:
        async with self._context.database.begin() as connection:
            return view(GroupView, await store.find(connection, asked.path["group_id"]))

    async def create(self, asked: Asked[Nothing, NewGroup]) -> GroupView:
        body = asked.body
        values = {"name": body.name, "master_pass": body.master_pass}
        async with self._context.change(
            asked.actor.name, "create", f"id-token-groups/{body.id}", values
        ) as connection:
            row = await store.create(connection, body.id, values)
        self._cache.forget()
        return view(GroupView, row)

    async def replace(self, asked: Asked[Nothing, GroupSettings]) -> Reply:
        group_id, body = str(asked.path["group_id"]), asked.body
        if body.id and body.id.lower() != group_id.lower():
            raise ConflictError(f"the path is about {group_id!r}, the body about {body.id!r}")
        values = {"name": body.name, "master_pass": body.master_pass}
        async with self._context.change(
            asked.actor.name, "replace", f"id-token-groups/{group_id}", values
        ) as connection:
            row, is_new = await store.replace(connection, group_id, values)
        self._cache.forget()
        return Reply(view(GroupView, row), 201 if is_new else 200)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        group_id = asked.path["group_id"]
        async with self._context.change(
            asked.actor.name, "delete", f"id-token-groups/{group_id}", {}
        ) as connection:
            await store.remove(connection, group_id)
        self._cache.forget()
