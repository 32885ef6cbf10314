"""Operations of charge points as operators see them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, select

from csms.errors import NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.operation_tables import (
    display_messages,
    operation_parts,
    operations,
    uploaded_files,
)
from csms.store.tables import charge_points


def _select() -> Select[Any]:
    return select(operations, charge_points.c.id.label("charge_point_id")).join(
        charge_points, charge_points.c.key == operations.c.charge_point_key
    )


async def list_page(
    connection: AdminConnection,
    window: Window,
    *,
    charge_point_key: int | None = None,
    kind: str | None = None,
    state: str | None = None,
    campaign_id: int | None = None,
) -> list[Row]:
    """Return operations, the newest first."""
    wanted = {
        operations.c.charge_point_key: charge_point_key,
        operations.c.kind: kind,
        operations.c.state: state,
        operations.c.campaign_id: campaign_id,
    }
    conditions: list[ColumnElement[bool]] = [
        column == value for column, value in wanted.items() if value is not None
    ]
    return await fetch(connection, _select().where(*conditions), [operations.c.id], window)


async def find(connection: AdminConnection, operation_id: int) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(_select().where(operations.c.id == operation_id))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("operation", operation_id)
    return dict(row)


async def parts(connection: AdminConnection, operation_id: int) -> list[Row]:
    """Return the parts of a report in their order."""
    rows = await connection.execute(
        select(operation_parts)
        .where(operation_parts.c.operation_id == operation_id)
        .order_by(operation_parts.c.seq_no)
    )
    return [dict(row) for row in rows.mappings()]


async def uploaded(connection: AdminConnection, operation_id: int) -> Row:
    """Return the file that was uploaded for an operation; raises NotFoundError."""
    rows = await connection.execute(
        select(uploaded_files)
        .where(uploaded_files.c.operation_id == operation_id)
        .order_by(uploaded_files.c.id.desc())
    )
    row = rows.mappings().first()
    if row is None:
        raise NotFoundError("file of operation", operation_id)
    return dict(row)


async def shown_messages(connection: AdminConnection, charge_point_key: int) -> list[Row]:
    """Return what a charge point's display shows, as far as is known."""
    rows = await connection.execute(
        select(display_messages)
        .where(display_messages.c.charge_point_key == charge_point_key)
        .order_by(display_messages.c.message_id)
    )
    return [dict(row) for row in rows.mappings()]


async def next_message_id(connection: AdminConnection, charge_point_key: int) -> int:
    """Return a number that no known message of a charge point has."""
    rows = await connection.scalars(
        select(display_messages.c.message_id).where(
            display_messages.c.charge_point_key == charge_point_key
        )
    )
    taken = set(rows)
    return next(number for number in range(1, len(taken) + 2) if number not in taken)
