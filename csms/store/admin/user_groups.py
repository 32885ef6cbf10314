"""Groups of users who may share a tariff; compared without case, shown as first written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, insert, select, update

from csms.errors import ConflictError, InvalidValueError, NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.tariff_tables import tariff_assignments, user_group_members, user_groups
from csms.tariff.assignment import Scope

_identity = func.lower(user_groups.c.id)
_MAKING: Final = 0x6373_6D73_0011
"""Advisory lock: two spellings of a new group must not both be made."""


async def list_page(connection: AdminConnection, window: Window) -> list[Row]:
    """Return groups in the order of their ids, `identity` being what is compared."""
    statement = select(user_groups, _identity.label("identity"))
    return await fetch(connection, statement, [_identity], window, descending=False)


async def find(connection: AdminConnection, user_group_id: str) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(select(user_groups).where(_is(user_group_id)))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("user group", user_group_id)
    return dict(row)


async def spelled(connection: AdminConnection, field: str, user_group_id: str) -> str:
    """Return the kept spelling of a group's id; raises InvalidValueError if there is no such."""
    kept: str | None = await connection.scalar(select(user_groups.c.id).where(_is(user_group_id)))
    if kept is None:
        raise InvalidValueError(field, user_group_id, "the id of a user group there is")
    return kept


async def create(connection: AdminConnection, user_group_id: str, values: Mapping[str, Any]) -> Row:
    """Raises ConflictError if it exists."""
    await _lock(connection)
    taken = await connection.scalar(select(user_groups.c.id).where(_is(user_group_id)))
    if taken is not None:
        raise ConflictError(f"there is a user group {taken!r} already")
    return await _insert(connection, user_group_id, values)


async def replace(
    connection: AdminConnection, user_group_id: str, values: Mapping[str, Any]
) -> tuple[Row, bool]:
    """Create or replace a group; also returns whether it is new."""
    await _lock(connection)
    rows = await connection.execute(
        update(user_groups)
        .where(_is(user_group_id))
        .values(updated_at=func.now(), **values)
        .returning(*user_groups.c)
    )
    row = rows.mappings().one_or_none()
    if row is not None:
        return dict(row), False
    return await _insert(connection, user_group_id, values), True


async def remove(connection: AdminConnection, user_group_id: str) -> None:
    """Delete a group and what is assigned to it; its users stay. Raises NotFoundError."""
    row = await find(connection, user_group_id)
    await connection.execute(
        delete(tariff_assignments).where(
            tariff_assignments.c.scope == Scope.USER_GROUP.value,
            tariff_assignments.c.subject_id == row["id"],
        )
    )
    await connection.execute(delete(user_groups).where(user_groups.c.id == row["id"]))


async def groups_of(connection: AdminConnection, user_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the ids of the groups that each user is in, in order."""
    found: dict[str, list[str]] = {user_id: [] for user_id in user_ids}
    rows = await connection.execute(
        select(user_group_members)
        .where(user_group_members.c.user_id.in_(user_ids))
        .order_by(user_group_members.c.user_group_id)
    )
    for row in rows.mappings():
        found[row["user_id"]].append(row["user_group_id"])
    return found


async def put_into(connection: AdminConnection, user_id: str, group_ids: Sequence[str]) -> None:
    """Make these, in their kept spelling, the groups that a user is in."""
    await connection.execute(
        delete(user_group_members).where(user_group_members.c.user_id == user_id)
    )
    if group_ids:
        await connection.execute(
            insert(user_group_members),
            [{"user_id": user_id, "user_group_id": group_id} for group_id in group_ids],
        )


def _is(user_group_id: str) -> ColumnElement[bool]:
    return func.lower(user_group_id) == _identity


async def _lock(connection: AdminConnection) -> None:
    await connection.execute(select(func.pg_advisory_xact_lock(_MAKING)))


async def _insert(
    connection: AdminConnection, user_group_id: str, values: Mapping[str, Any]
) -> Row:
    rows = await connection.execute(
        insert(user_groups).values(id=user_group_id, **values).returning(*user_groups.c)
    )
    return dict(rows.mappings().one())
