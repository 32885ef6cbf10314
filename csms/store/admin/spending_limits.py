"""Limits of spending and energy as operators set them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from csms.errors import InvalidValueError, NotFoundError
from csms.store.account_tables import accounts, spending_limits
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.tables import id_tokens
from csms.store.tariff_tables import users

_SUBJECTS: Final[Mapping[str, Column[Any]]] = {
    "user": users.c.id,
    "account": accounts.c.id,
    "id_token": id_tokens.c.id_token,
}


async def list_page(
    connection: AdminConnection,
    window: Window,
    *,
    scope: str | None = None,
    subject_id: str | None = None,
) -> list[Row]:
    """Return limits in the order they were made."""
    conditions: list[ColumnElement[bool]] = []
    if scope is not None:
        conditions.append(spending_limits.c.scope == scope)
    if subject_id is not None:
        conditions.append(func.lower(spending_limits.c.subject_id) == subject_id.lower())
    statement = select(spending_limits).where(*conditions)
    return await fetch(connection, statement, [spending_limits.c.id], window, descending=False)


async def find(connection: AdminConnection, limit_id: int) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(select(spending_limits).where(spending_limits.c.id == limit_id))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("spending limit", limit_id)
    return dict(row)


async def put(connection: AdminConnection, values: Mapping[str, Any]) -> Row:
    """Set a limit; the same one of the same subject is replaced. Raises InvalidValueError."""
    column = _SUBJECTS[values["scope"]]
    kept = await connection.scalar(
        select(column).where(func.lower(column) == values["subject_id"].lower())
    )
    if kept is None:
        what = values["scope"].replace("_", " ")
        raise InvalidValueError("subject_id", values["subject_id"], f"the id of an existing {what}")
    new = insert(spending_limits).values({**values, "subject_id": kept})
    rows = await connection.execute(
        new.on_conflict_do_update(
            index_elements=["scope", "subject_id", "period", "measure"],
            set_={
                "at_most": new.excluded.at_most,
                "currency": new.excluded.currency,
                "updated_at": func.now(),
            },
        ).returning(*spending_limits.c)
    )
    return dict(rows.mappings().one())


async def remove(connection: AdminConnection, limit_id: int) -> Row:
    """Raises NotFoundError."""
    row = await find(connection, limit_id)
    await connection.execute(delete(spending_limits).where(spending_limits.c.id == limit_id))
    return row
