"""Limits by order, usually the grid operator's; what was ordered once is kept for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, insert, or_, select, update

from csms.errors import NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.load_tables import limit_orders

OPERATOR: Final = "operator"
SIGNAL: Final = "signal"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitOrderFilter:
    site_id: str | None = None
    circuit_id: str | None = None
    active: bool | None = None
    """In force at this moment."""
    since: datetime | None = None
    """In force at or after this."""
    until: datetime | None = None
    """In force before this."""


async def list_page(
    connection: AdminConnection, wanted: LimitOrderFilter, now: datetime, window: Window
) -> list[Row]:
    """Return orders, the newest first."""
    statement = select(limit_orders).where(*_conditions(wanted, now))
    return await fetch(connection, statement, [limit_orders.c.id], window)


async def find(connection: AdminConnection, order_id: int) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(select(limit_orders).where(limit_orders.c.id == order_id))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("limit order", order_id)
    return dict(row)


async def create(connection: AdminConnection, values: Mapping[str, Any]) -> Row:
    rows = await connection.execute(insert(limit_orders).values(**values).returning(limit_orders))
    return dict(rows.mappings().one())


async def cancel(connection: AdminConnection, order_id: int, actor: str, now: datetime) -> Row:
    """End an order now; one that was over already stays as it was. Raises NotFoundError."""
    await connection.execute(
        update(limit_orders)
        .where(
            limit_orders.c.id == order_id,
            limit_orders.c.cancelled_at.is_(None),
            or_(limit_orders.c.ends_at.is_(None), limit_orders.c.ends_at > now),
        )
        .values(cancelled_at=now, cancelled_by=actor)
    )
    return await find(connection, order_id)


async def standing_signal(connection: AdminConnection, circuit_id: str) -> Row | None:
    """Return the limit that the grid operator's signal last set and did not take back."""
    rows = await connection.execute(
        select(limit_orders).where(
            limit_orders.c.circuit_id == circuit_id,
            limit_orders.c.source == SIGNAL,
            limit_orders.c.cancelled_at.is_(None),
        )
    )
    row = rows.mappings().first()
    return None if row is None else dict(row)


def _conditions(wanted: LimitOrderFilter, now: datetime) -> list[ColumnElement[bool]]:
    table = limit_orders.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.site_id is not None:
        conditions.append(table.site_id == wanted.site_id)
    if wanted.circuit_id is not None:
        conditions.append(table.circuit_id == wanted.circuit_id)
    if wanted.active is not None:
        active = and_(
            table.starts_at <= now,
            table.cancelled_at.is_(None),
            or_(table.ends_at.is_(None), table.ends_at > now),
        )
        conditions.append(active if wanted.active else ~active)
    if wanted.since is not None:
        conditions.append(or_(table.ends_at.is_(None), table.ends_at > wanted.since))
        conditions.append(or_(table.cancelled_at.is_(None), table.cancelled_at > wanted.since))
    if wanted.until is not None:
        conditions.append(table.starts_at < wanted.until)
    return conditions
