"""Webhooks for CDRs, and what was sent to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update

from csms.errors import NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.statement_tables import cdr_deliveries, cdr_webhooks


async def list_page(connection: AdminConnection, window: Window) -> list[Row]:
    """Return webhooks in the order in which they were made."""
    order = [cdr_webhooks.c.id]
    return await fetch(connection, select(cdr_webhooks), order, window, descending=False)


async def find(connection: AdminConnection, webhook_id: int) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(select(cdr_webhooks).where(cdr_webhooks.c.id == webhook_id))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("CDR webhook", webhook_id)
    return dict(row)


async def create(connection: AdminConnection, values: Mapping[str, Any]) -> Row:
    rows = await connection.execute(
        insert(cdr_webhooks).values(**values).returning(*cdr_webhooks.c)
    )
    return dict(rows.mappings().one())


async def change(connection: AdminConnection, webhook_id: int, values: Mapping[str, Any]) -> Row:
    """Raises NotFoundError."""
    await find(connection, webhook_id)
    rows = await connection.execute(
        update(cdr_webhooks)
        .where(cdr_webhooks.c.id == webhook_id)
        .values(updated_at=func.now(), **values)
        .returning(*cdr_webhooks.c)
    )
    return dict(rows.mappings().one())


async def remove(connection: AdminConnection, webhook_id: int) -> None:
    """Delete a webhook with all its deliveries. Raises NotFoundError."""
    await find(connection, webhook_id)
    await connection.execute(delete(cdr_webhooks).where(cdr_webhooks.c.id == webhook_id))


async def deliveries(
    connection: AdminConnection, webhook_id: int, window: Window, state: str | None = None
) -> list[Row]:
    """Return a webhook's deliveries, the newest first; raises NotFoundError."""
    await find(connection, webhook_id)
    table = cdr_deliveries.c
    conditions: list[ColumnElement[bool]] = [table.webhook_id == webhook_id]
    if state is not None:
        conditions.append(table.state == state)
    return await fetch(connection, select(cdr_deliveries).where(*conditions), [table.id], window)


async def retry(connection: AdminConnection, webhook_id: int) -> int:
    """Let all that failed or waits be tried at once; returns how many. Raises NotFoundError."""
    await find(connection, webhook_id)
    table = cdr_deliveries.c
    changed = await connection.execute(
        update(cdr_deliveries)
        .where(table.webhook_id == webhook_id, table.state != "delivered")
        .values(state="waiting", attempts=0, due_at=func.now())
    )
    return changed.rowcount
