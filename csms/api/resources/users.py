"""/users and /user-groups: who pays, and who may share a tariff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import GroupId, Name, Note, Text, UserId
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.route import Asked, Nothing, Reply, Route, delete, get
from csms.errors import ConflictError
from csms.store.admin import user_groups
from csms.store.admin import users as store
from csms.store.admin.window import AdminConnection, Row

TAG: Final = "Users"
MAX_GROUPS: Final = 100

Email: TypeAlias = Annotated[str, Meta(max_length=254, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$")]


class UserView(Struct):
    id: str
    name: str
    email: str | None
    address: str | None
    tax_number: str | None
    group_ids: list[str]
    id_tokens: list[str]
    created_at: datetime
    updated_at: datetime


class _UserSettings(Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name
    email: Email | None = None
    address: Note | None = None
    tax_number: Text | None = None
    group_ids: Annotated[list[GroupId], Meta(max_length=MAX_GROUPS)] = []


class NewUser(_UserSettings, kw_only=True):
    id: UserId


class UserSettings(_UserSettings, kw_only=True):
    """All there is to set; what is left out gets its default."""

    id: UserId | UnsetType = UNSET


class UserQuery(PageQuery, kw_only=True):
    user_group_id: Text | UnsetType = UNSET
    search: Text | UnsetType = UNSET


class UserGroupView(Struct):
    id: str
    name: str | None
    created_at: datetime
    updated_at: datetime


class NewUserGroup(Struct, forbid_unknown_fields=True, kw_only=True):
    id: GroupId
    name: Name | None = None


class UserGroupSettings(Struct, forbid_unknown_fields=True, kw_only=True):
    """All there is to set; what is left out gets its default."""

    id: GroupId | UnsetType = UNSET
    name: Name | None = None


class Users:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._pager: Pager[UserView] = Pager(tuple[Text], "identity")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/users"
        one = path + "/{user_id}"
        return [
            get(path, self.list_all, "List users", tag=TAG, query=UserQuery, answer=Page[UserView]),
            Route(
                method="POST",
                path=path,
                handler=self.create,
                summary="Create a user",
                tag=TAG,
                query=Nothing,
                body=NewUser,
                answers={201: UserView},
                problems=(409,),
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=UserView),
            Route(
                method="PUT",
                path=one,
                handler=self.replace,
                summary="Create or replace a user",
                tag=TAG,
                query=Nothing,
                body=UserSettings,
                answers={200: UserView, 201: UserView},
                problems=(409,),
            ),
            delete(
                one,
                self.remove,
                "Delete a user whose statements are issued; its tokens stay, without one",
                tag=TAG,
                problems=(404, 409),
            ),
        ]

    async def list_all(self, asked: Asked[UserQuery, Nothing]) -> Page[UserView]:
        query = asked.query
        window = self._pager.window(query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(
                connection,
                window,
                user_group_id=query.user_group_id or None,
                search=query.search or None,
            )
            views = {each.id: each for each in await _views(connection, rows[: query.limit])}
        return self._pager.page(rows, query, lambda row: views[row["id"]])

    async def read(self, asked: Asked[Nothing, Nothing]) -> UserView:
        async with self._context.database.begin() as connection:
            row = await store.find(connection, asked.path["user_id"])
            return (await _views(connection, [row]))[0]

    async def create(self, asked: Asked[Nothing, NewUser]) -> UserView:
        body = asked.body
        async with self._context.change(
            asked.actor.name, "create", f"users/{body.id}", _shown(body)
        ) as connection:
            row = await store.create(connection, body.id, _values(body))
            return await self._in_groups(connection, row, body)

    async def replace(self, asked: Asked[Nothing, UserSettings]) -> Reply:
        user_id, body = str(asked.path["user_id"]), asked.body
        if body.id and body.id.lower() != user_id.lower():
            raise ConflictError(f"the path is about {user_id!r}, the body about {body.id!r}")
        async with self._context.change(
            asked.actor.name, "replace", f"users/{user_id}", _shown(body)
        ) as connection:
            row, is_new = await store.replace(connection, user_id, _values(body))
            found = await self._in_groups(connection, row, body)
        return Reply(found, 201 if is_new else 200)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        user_id = asked.path["user_id"]
        async with self._context.change(
            asked.actor.name, "delete", f"users/{user_id}", {}
        ) as connection:
            await store.remove(connection, user_id)

    async def _in_groups(
        self, connection: AdminConnection, row: Row, body: _UserSettings
    ) -> UserView:
        group_ids = [
            await user_groups.spelled(connection, f"group_ids.{number}", group_id)
            for number, group_id in enumerate(body.group_ids)
        ]
        await user_groups.put_into(connection, row["id"], list(dict.fromkeys(group_ids)))
        return (await _views(connection, [row]))[0]


class UserGroups:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._pager: Pager[UserGroupView] = Pager(tuple[Text], "identity")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/user-groups"
        one = path + "/{user_group_id}"
        return [
            get(
                path,
                self.list_all,
                "List groups of users",
                tag=TAG,
                query=PageQuery,
                answer=Page[UserGroupView],
            ),
            Route(
                method="POST",
                path=path,
                handler=self.create,
                summary="Create a group of users",
                tag=TAG,
                query=Nothing,
                body=NewUserGroup,
                answers={201: UserGroupView},
                problems=(409,),
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=UserGroupView),
            Route(
                method="PUT",
                path=one,
                handler=self.replace,
                summary="Create or replace a group of users",
                tag=TAG,
                query=Nothing,
                body=UserGroupSettings,
                answers={200: UserGroupView, 201: UserGroupView},
                problems=(409,),
            ),
            delete(one, self.remove, "Delete a group; its users stay", tag=TAG),
        ]

    async def list_all(self, asked: Asked[PageQuery, Nothing]) -> Page[UserGroupView]:
        window = self._pager.window(asked.query)
        async with self._context.database.begin() as connection:
            rows = await user_groups.list_page(connection, window)
        return self._pager.page(rows, asked.query, lambda row: view(UserGroupView, row))

    async def read(self, asked: Asked[Nothing, Nothing]) -> UserGroupView:
        async with self._context.database.begin() as connection:
            row = await user_groups.find(connection, asked.path["user_group_id"])
        return view(UserGroupView, row)

    async def create(self, asked: Asked[Nothing, NewUserGroup]) -> UserGroupView:
        body = asked.body
        values = {"name": body.name}
        async with self._context.change(
            asked.actor.name, "create", f"user-groups/{body.id}", values
        ) as connection:
            return view(UserGroupView, await user_groups.create(connection, body.id, values))

    async def replace(self, asked: Asked[Nothing, UserGroupSettings]) -> Reply:
        group_id, body = str(asked.path["user_group_id"]), asked.body
        if body.id and body.id.lower() != group_id.lower():
            raise ConflictError(f"the path is about {group_id!r}, the body about {body.id!r}")
        values = {"name": body.name}
        async with self._context.change(
            asked.actor.name, "replace", f"user-groups/{group_id}", values
        ) as connection:
            row, is_new = await user_groups.replace(connection, group_id, values)
        return Reply(view(UserGroupView, row), 201 if is_new else 200)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        group_id = asked.path["user_group_id"]
        async with self._context.change(
            asked.actor.name, "delete", f"user-groups/{group_id}", {}
        ) as connection:
            await user_groups.remove(connection, group_id)


async def _views(connection: AdminConnection, rows: Sequence[Row]) -> list[UserView]:
    ids = [row["id"] for row in rows]
    groups = await user_groups.groups_of(connection, ids)
    tokens = await store.tokens_of(connection, ids)
    return [
        view(UserView, row, group_ids=groups[row["id"]], id_tokens=tokens[row["id"]])
        for row in rows
    ]


def _values(body: _UserSettings) -> Mapping[str, Any]:
    return {name: getattr(body, name) for name in ("name", "email", "address", "tax_number")}


def _shown(body: _UserSettings) -> dict[str, Any]:
    """For the audit log: which groups, but no personal details."""
    return {"group_ids": body.group_ids}
