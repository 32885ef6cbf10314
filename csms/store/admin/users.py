"""Users, who pay; compared without case, shown as they were first written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, insert, select, update

from csms.errors import ConflictError, InvalidValueError, NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.stated import refuse_owing_user
from csms.store.tables import id_tokens
from csms.store.tariff_tables import tariff_assignments, user_group_members, users
from csms.tariff.assignment import Scope

_identity = func.lower(users.c.id)
_MAKING: Final = 0x6373_6D73_0012
"""Advisory lock: two spellings of a new user must not both be made."""


async def list_page(
    connection: AdminConnection,
    window: Window,
    *,
    user_group_id: str | None = None,
    search: str | None = None,
) -> list[Row]:
    """Return users in the order of their ids, `identity` being what is compared."""
    statement = select(users, _identity.label("identity"))
    if user_group_id is not None:
        members = select(user_group_members.c.user_id).where(
            func.lower(user_group_members.c.user_group_id) == func.lower(user_group_id)
        )
        statement = statement.where(users.c.id.in_(members))
    if search is not None:
        statement = statement.where(
            users.c.id.icontains(search, autoescape=True)
            | users.c.name.icontains(search, autoescape=True)
            | users.c.email.icontains(search, autoescape=True)
        )
    return await fetch(connection, statement, [_identity], window, descending=False)


async def find(connection: AdminConnection, user_id: str) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(select(users).where(_is(user_id)))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("user", user_id)
    return dict(row)


async def spelled(connection: AdminConnection, field: str, user_id: str) -> str:
    """Return the kept spelling of a user's id; raises InvalidValueError if there is no such."""
    kept: str | None = await connection.scalar(select(users.c.id).where(_is(user_id)))
    if kept is None:
        raise InvalidValueError(field, user_id, "the id of a user there is")
    return kept


async def create(connection: AdminConnection, user_id: str, values: Mapping[str, Any]) -> Row:
    """Raises ConflictError if it exists."""
    await _lock(connection)
    taken = await connection.scalar(select(users.c.id).where(_is(user_id)))
    if taken is not None:
        raise ConflictError(f"there is a user {taken!r} already")
    return await _insert(connection, user_id, values)


async def replace(
    connection: AdminConnection, user_id: str, values: Mapping[str, Any]
) -> tuple[Row, bool]:
    """Create or replace a user; also returns whether it is new."""
    await _lock(connection)
    rows = await connection.execute(
        update(users)
        .where(_is(user_id))
        .values(updated_at=func.now(), **values)
        .returning(*users.c)
    )
    row = rows.mappings().one_or_none()
    if row is not None:
        return dict(row), False
    return await _insert(connection, user_id, values), True


async def remove(connection: AdminConnection, user_id: str) -> None:
    """Delete a user and what is assigned to it; its tokens stay.

    Raises NotFoundError, and ConflictError while a statement of what it owes is missing.
    """
    row = await find(connection, user_id)
    await refuse_owing_user(connection, row["id"])
    await connection.execute(
        delete(tariff_assignments).where(
            tariff_assignments.c.scope == Scope.USER.value,
            tariff_assignments.c.subject_id == row["id"],
        )
    )
    await connection.execute(delete(users).where(users.c.id == row["id"]))


async def tokens_of(connection: AdminConnection, user_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the id tokens of each user, in order."""
    found: dict[str, list[str]] = {user_id: [] for user_id in user_ids}
    rows = await connection.execute(
        select(id_tokens.c.user_id, id_tokens.c.id_token)
        .where(id_tokens.c.user_id.in_(user_ids))
        .order_by(id_tokens.c.id_token)
    )
    for user_id, id_token in rows:
        found[user_id].append(id_token)
    return found


def _is(user_id: str) -> ColumnElement[bool]:
    return func.lower(user_id) == _identity


async def _lock(connection: AdminConnection) -> None:
    await connection.execute(select(func.pg_advisory_xact_lock(_MAKING)))


async def _insert(connection: AdminConnection, user_id: str, values: Mapping[str, Any]) -> Row:
    rows = await connection.execute(insert(users).values(id=user_id, **values).returning(*users.c))
    return dict(rows.mappings().one())
