"""Groups of id tokens; compared without case, shown as they were first written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update

from csms.errors import ConflictError, NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.tables import id_token_groups

_identity = func.lower(id_token_groups.c.id)
_MAKING = 0x6373_6D73_0010
"""Advisory lock: two spellings of a new group must not both be made."""


async def list_page(connection: AdminConnection, window: Window) -> list[Row]:
    """Return groups in the order of their ids, `identity` being what is compared."""
    statement = select(id_token_groups, _identity.label("identity"))
    return await fetch(connection, statement, [_identity], window, descending=False)


async def find(connection: AdminConnection, group_id: str) -> Row:
    """Raises NotFoundError."""
    row = await _find(connection, group_id)
    if row is None:
        raise NotFoundError("id token group", group_id)
    return row


async def create(connection: AdminConnection, group_id: str, values: Mapping[str, Any]) -> Row:
    """Raises ConflictError if it exists."""
    await _lock(connection)
    if await _find(connection, group_id) is not None:
        raise ConflictError(f"there is an id token group {group_id!r} already")
    return await _insert(connection, group_id, values)


async def replace(
    connection: AdminConnection, group_id: str, values: Mapping[str, Any]
) -> tuple[Row, bool]:
    """Create or replace a group; also returns whether it is new."""
    await _lock(connection)
    rows = await connection.execute(
        update(id_token_groups)
        .where(_is(group_id))
        .values(updated_at=func.now(), **values)
        .returning(*id_token_groups.c)
    )
    row = rows.mappings().one_or_none()
    if row is not None:
        return dict(row), False
    return await _insert(connection, group_id, values), True


async def ensure(connection: AdminConnection, group_id: str) -> str:
    """Return the kept spelling of a group's id; the group is made if it is new."""
    row = await _find(connection, group_id)
    if row is None:
        await _lock(connection)
        row = await _find(connection, group_id) or await _insert(connection, group_id, {})
    return str(row["id"])


async def spelling(connection: AdminConnection, group_id: str) -> str:
    """Return a group's id as it is kept, or as it is given if nobody made that group."""
    row = await _find(connection, group_id)
    return group_id if row is None else str(row["id"])


async def remove(connection: AdminConnection, group_id: str) -> None:
    """Delete a group; its tokens stay, without one. Raises NotFoundError."""
    row = await find(connection, group_id)
    await connection.execute(delete(id_token_groups).where(id_token_groups.c.id == row["id"]))


def _is(group_id: str) -> ColumnElement[bool]:
    return func.lower(group_id) == _identity


async def _lock(connection: AdminConnection) -> None:
    await connection.execute(select(func.pg_advisory_xact_lock(_MAKING)))


async def _find(connection: AdminConnection, group_id: str) -> Row | None:
    rows = await connection.execute(select(id_token_groups).where(_is(group_id)))
    row = rows.mappings().first()
    return None if row is None else dict(row)


async def _insert(connection: AdminConnection, group_id: str, values: Mapping[str, Any]) -> Row:
    rows = await connection.execute(
        insert(id_token_groups).values(id=group_id, **values).returning(*id_token_groups.c)
    )
    return dict(rows.mappings().one())
