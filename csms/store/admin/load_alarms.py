"""Alarms of load management."""

from __future__ import annotations

from sqlalchemy import select

from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.load_tables import load_alarms


async def list_page(
    connection: AdminConnection,
    window: Window,
    *,
    site_id: str | None = None,
    kind: str | None = None,
    active: bool | None = None,
) -> list[Row]:
    """Return alarms, the newest first."""
    statement = select(load_alarms)
    if site_id is not None:
        statement = statement.where(load_alarms.c.site_id == site_id)
    if kind is not None:
        statement = statement.where(load_alarms.c.kind == kind)
    if active is not None:
        is_active = load_alarms.c.cleared_at.is_(None)
        statement = statement.where(is_active if active else ~is_active)
    return await fetch(connection, statement, [load_alarms.c.id], window)
