"""Id tokens and their groups as operators keep them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, delete, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from csms.errors import ConflictError, NotFoundError
from csms.store.admin import id_token_groups, users
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.tables import id_tokens

_IS_NEW: Final = literal_column("(xmax = 0)", Boolean).label("is_new")
"""PostgreSQL marks a row that ON CONFLICT DO UPDATE found with the transaction that locked it.
Looking before writing would call a row new to everybody who writes it at the same time."""


async def list_page(
    connection: AdminConnection,
    window: Window,
    *,
    status: str | None = None,
    group_id: str | None = None,
    search: str | None = None,
) -> list[Row]:
    """Return id tokens in their order."""
    conditions: list[ColumnElement[bool]] = []
    if status is not None:
        conditions.append(id_tokens.c.status == status)
    if group_id is not None:
        conditions.append(func.lower(id_tokens.c.group_id) == group_id.lower())
    if search is not None:
        conditions.append(
            id_tokens.c.id_token.icontains(search, autoescape=True)
            | id_tokens.c.note.icontains(search, autoescape=True)
        )
    statement = select(id_tokens).where(*conditions)
    return await fetch(connection, statement, [id_tokens.c.id_token], window, descending=False)


async def find(connection: AdminConnection, id_token: str) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(select(id_tokens).where(id_tokens.c.id_token == id_token))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("id token", id_token)
    return dict(row)


async def keeps_phases(connection: AdminConnection, id_token: str) -> bool:
    """Whether the car of an id token, if there is one, is never switched between phases."""
    kept = select(id_tokens.c.keeps_phases).where(id_tokens.c.id_token == id_token)
    return bool(await connection.scalar(kept))


async def create(connection: AdminConnection, id_token: str, values: Mapping[str, Any]) -> Row:
    """Create an id token, and its group if that is new.

    Raises ConflictError if it exists, InvalidValueError for a user there is not.
    """
    values = await _spelled(connection, values)
    made = await connection.execute(
        insert(id_tokens)
        .values(id_token=id_token, **values)
        .on_conflict_do_nothing()
        .returning(*id_tokens.c)
    )
    row = made.mappings().one_or_none()
    if row is None:
        raise ConflictError(f"there is an id token {id_token!r} already")
    return dict(row)


async def replace(
    connection: AdminConnection, id_token: str, values: Mapping[str, Any]
) -> tuple[Row, bool]:
    """Create or replace an id token; also returns whether it is new.

    Raises InvalidValueError for a user there is not.
    """
    values = await _spelled(connection, values)
    rows = await connection.execute(
        insert(id_tokens)
        .values(id_token=id_token, **values)
        .on_conflict_do_update(
            index_elements=[id_tokens.c.id_token], set_={**values, "updated_at": func.now()}
        )
        .returning(*id_tokens.c, _IS_NEW)
    )
    row = dict(rows.mappings().one())
    return row, row.pop("is_new")


async def remove(connection: AdminConnection, id_token: str) -> None:
    """Raises NotFoundError."""
    gone = await connection.execute(
        delete(id_tokens).where(id_tokens.c.id_token == id_token).returning(id_tokens.c.id_token)
    )
    if gone.one_or_none() is None:
        raise NotFoundError("id token", id_token)


async def _spelled(connection: AdminConnection, values: Mapping[str, Any]) -> dict[str, Any]:
    """Spell group and user as they are kept; a group that nobody made yet comes into being."""
    group_id, user_id = values.get("group_id"), values.get("user_id")
    spelled = dict(values)
    if group_id is not None:
        spelled["group_id"] = await id_token_groups.ensure(connection, group_id)
    if user_id is not None:
        spelled["user_id"] = await users.spelled(connection, "user_id", user_id)
    return spelled
