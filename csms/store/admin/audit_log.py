"""Who changed what, and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, select

from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.mending import without_nul
from csms.store.tables import audit_log


async def record(
    connection: AdminConnection, actor: str, action: str, target: str, data: Mapping[str, Any]
) -> None:
    """Add a line, in the transaction of the change itself; `data` never holds secrets."""
    line = {"actor": actor, "action": action, "target": target, "data": without_nul(dict(data))}
    await connection.execute(insert(audit_log).values(line))


async def list_page(
    connection: AdminConnection,
    window: Window,
    *,
    actor: str | None = None,
    action: str | None = None,
    target: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Row]:
    """Return lines, the newest first."""
    conditions: list[ColumnElement[bool]] = []
    for column, value in (
        (audit_log.c.actor, actor),
        (audit_log.c.action, action),
        (audit_log.c.target, target),
    ):
        if value is not None:
            conditions.append(column == value)
    if since is not None:
        conditions.append(audit_log.c.at >= since)
    if until is not None:
        conditions.append(audit_log.c.at < until)
    return await fetch(connection, select(audit_log).where(*conditions), [audit_log.c.id], window)
