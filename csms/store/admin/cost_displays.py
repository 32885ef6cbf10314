"""How chargers of a vendor are told what charging costs; vendors are kept in lower case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Boolean, delete, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from csms.errors import NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.display_tables import cost_displays

_IS_NEW: Final = literal_column("(xmax = 0)", Boolean).label("is_new")


async def list_page(connection: AdminConnection, window: Window) -> list[Row]:
    """Return all, by vendor."""
    order = [cost_displays.c.vendor]
    return await fetch(connection, select(cost_displays), order, window, descending=False)


async def find(connection: AdminConnection, vendor: str) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(
        select(cost_displays).where(cost_displays.c.vendor == vendor.lower())
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("cost display of vendor", vendor)
    return dict(row)


async def replace(
    connection: AdminConnection, vendor: str, values: Mapping[str, Any]
) -> tuple[Row, bool]:
    """Create or replace; also returns whether it is new."""
    rows = await connection.execute(
        insert(cost_displays)
        .values(vendor=vendor.lower(), **values)
        .on_conflict_do_update(
            index_elements=[cost_displays.c.vendor], set_={**values, "updated_at": func.now()}
        )
        .returning(*cost_displays.c, _IS_NEW)
    )
    row = dict(rows.mappings().one())
    return row, row.pop("is_new")


async def remove(connection: AdminConnection, vendor: str) -> None:
    """Raises NotFoundError."""
    row = await find(connection, vendor)
    await connection.execute(delete(cost_displays).where(cost_displays.c.vendor == row["vendor"]))
