"""What a charge point told over time: connector statuses, messages, notifications."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, select

from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.tables import connector_status_history, message_log, notifications


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From (inclusive) until (exclusive), by the time of arrival."""

    since: datetime | None = None
    until: datetime | None = None


async def statuses(
    connection: AdminConnection,
    charge_point_key: int,
    span: Span,
    window: Window,
    *,
    evse_id: int | None = None,
    connector_id: int | None = None,
) -> list[Row]:
    """Return what connectors said of themselves, the newest first."""
    return await _newest_first(
        connection,
        connector_status_history,
        charge_point_key,
        span,
        window,
        {"evse_id": evse_id, "connector_id": connector_id},
    )


async def messages(
    connection: AdminConnection,
    charge_point_key: int,
    span: Span,
    window: Window,
    *,
    action: str | None = None,
    from_charge_point: bool | None = None,
    outcome: str | None = None,
) -> list[Row]:
    """Return exchanges of the message log, the newest first."""
    return await _newest_first(
        connection,
        message_log,
        charge_point_key,
        span,
        window,
        {"action": action, "from_charge_point": from_charge_point, "outcome": outcome},
    )


async def told(
    connection: AdminConnection,
    charge_point_key: int,
    span: Span,
    window: Window,
    *,
    kind: str | None = None,
    severity: str | None = None,
) -> list[Row]:
    """Return notifications, the newest first."""
    return await _newest_first(
        connection,
        notifications,
        charge_point_key,
        span,
        window,
        {"kind": kind, "severity": severity},
    )


async def _newest_first(
    connection: AdminConnection,
    table: Table,
    charge_point_key: int,
    span: Span,
    window: Window,
    equal: dict[str, Any],
) -> list[Row]:
    conditions: list[ColumnElement[bool]] = [table.c.charge_point_key == charge_point_key]
    conditions += [table.c[name] == value for name, value in equal.items() if value is not None]
    if span.since is not None:
        conditions.append(table.c.received_at >= span.since)
    if span.until is not None:
        conditions.append(table.c.received_at < span.until)
    statement = select(table).where(*conditions)
    return await fetch(connection, statement, [table.c.received_at, table.c.id], window)
