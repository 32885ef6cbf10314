"""What energy costs at a site, quarter of an hour by quarter of an hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.load_tables import price_points


async def list_page(
    connection: AdminConnection,
    site_id: str,
    window: Window,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Row]:
    """Return price points in the order of time."""
    statement = select(price_points).where(price_points.c.site_id == site_id)
    if since is not None:
        statement = statement.where(price_points.c.starts_at >= since)
    if until is not None:
        statement = statement.where(price_points.c.starts_at < until)
    order = [price_points.c.starts_at]
    return await fetch(connection, statement, order, window, descending=False)


async def replace(
    connection: AdminConnection, site_id: str, points: Sequence[Mapping[str, Any]]
) -> None:
    """Set the prices of some quarter hours; others stay. Each is named once."""
    statement = insert(price_points)
    new = statement.excluded
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[price_points.c.site_id, price_points.c.starts_at],
            set_={
                "price": new.price,
                "export_price": new.export_price,
                "emissions_g_per_kwh": new.emissions_g_per_kwh,
            },
        ),
        [{"site_id": site_id, **point} for point in points],
    )


async def remove(connection: AdminConnection, site_id: str) -> None:
    await connection.execute(delete(price_points).where(price_points.c.site_id == site_id))
