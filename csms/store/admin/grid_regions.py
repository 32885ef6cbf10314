"""Regions of the grid and what a kWh there does to the climate, over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Boolean, delete, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from csms.errors import ConflictError, NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.climate_tables import grid_intensities, grid_regions, site_climates

MAX_POINTS: Final = 500_000
"""Of one region: fourteen years of quarter hours."""
_IS_NEW: Final = literal_column("(xmax = 0)", Boolean).label("is_new")


async def list_page(connection: AdminConnection, window: Window) -> list[Row]:
    """Return regions in the order of their ids."""
    order = [grid_regions.c.id]
    return await fetch(connection, select(grid_regions), order, window, descending=False)


async def find(connection: AdminConnection, region_id: str) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(select(grid_regions).where(grid_regions.c.id == region_id))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("grid region", region_id)
    return dict(row)


async def replace(
    connection: AdminConnection, region_id: str, values: Mapping[str, Any]
) -> tuple[Row, bool]:
    """Create or rename a region; also returns whether it is new."""
    rows = await connection.execute(
        insert(grid_regions)
        .values(id=region_id, **values)
        .on_conflict_do_update(
            index_elements=[grid_regions.c.id], set_={**values, "updated_at": func.now()}
        )
        .returning(*grid_regions.c, _IS_NEW)
    )
    row = dict(rows.mappings().one())
    return row, row.pop("is_new")


async def remove(connection: AdminConnection, region_id: str) -> None:
    """Delete a region with its series. Raises NotFoundError, ConflictError if a site is in it."""
    await find(connection, region_id)
    site_id = await connection.scalar(
        select(site_climates.c.site_id).where(site_climates.c.region_id == region_id).limit(1)
    )
    if site_id is not None:
        raise ConflictError(f"site {site_id} is in grid region {region_id}")
    await connection.execute(delete(grid_regions).where(grid_regions.c.id == region_id))


async def list_points(
    connection: AdminConnection,
    region_id: str,
    window: Window,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Row]:
    """Return a region's series in the order of time; raises NotFoundError."""
    await find(connection, region_id)
    statement = select(grid_intensities).where(grid_intensities.c.region_id == region_id)
    if since is not None:
        statement = statement.where(grid_intensities.c.starts_at >= since)
    if until is not None:
        statement = statement.where(grid_intensities.c.starts_at < until)
    order = [grid_intensities.c.starts_at]
    return await fetch(connection, statement, order, window, descending=False)


async def put_points(
    connection: AdminConnection, region_id: str, points: Sequence[Mapping[str, Any]]
) -> None:
    """Set some points of the series; others stay. Each is named once.

    Raises NotFoundError, and ConflictError if the series would get too long.
    """
    locked = await connection.scalar(
        select(grid_regions.c.id).where(grid_regions.c.id == region_id).with_for_update()
    )
    if locked is None:
        raise NotFoundError("grid region", region_id)
    statement = insert(grid_intensities)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[grid_intensities.c.region_id, grid_intensities.c.starts_at],
            set_={"g_per_kwh": statement.excluded.g_per_kwh},
        ),
        [{"region_id": region_id, **point} for point in points],
    )
    count = await connection.scalar(
        select(func.count())
        .select_from(grid_intensities)
        .where(grid_intensities.c.region_id == region_id)
    )
    if (count or 0) > MAX_POINTS:
        raise ConflictError(f"grid region {region_id} would have more than {MAX_POINTS} points")


async def remove_points(
    connection: AdminConnection,
    region_id: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> None:
    """Delete points of the series. Raises NotFoundError."""
    await find(connection, region_id)
    statement = delete(grid_intensities).where(grid_intensities.c.region_id == region_id)
    if since is not None:
        statement = statement.where(grid_intensities.c.starts_at >= since)
    if until is not None:
        statement = statement.where(grid_intensities.c.starts_at < until)
    await connection.execute(statement)


async def climate_of(connection: AdminConnection, site_id: str) -> Row | None:
    """Return a site's climate settings; None if it has none."""
    rows = await connection.execute(select(site_climates).where(site_climates.c.site_id == site_id))
    row = rows.mappings().one_or_none()
    return None if row is None else dict(row)


async def set_climate(connection: AdminConnection, site_id: str, values: Mapping[str, Any]) -> Row:
    """Raises NotFoundError for a region that there isn't."""
    await find(connection, values["region_id"])
    rows = await connection.execute(
        insert(site_climates)
        .values(site_id=site_id, **values)
        .on_conflict_do_update(
            index_elements=[site_climates.c.site_id], set_={**values, "updated_at": func.now()}
        )
        .returning(*site_climates.c)
    )
    return dict(rows.mappings().one())


async def remove_climate(connection: AdminConnection, site_id: str) -> None:
    """Raises NotFoundError."""
    gone = await connection.execute(
        delete(site_climates)
        .where(site_climates.c.site_id == site_id)
        .returning(site_climates.c.site_id)
    )
    if gone.one_or_none() is None:
        raise NotFoundError("climate settings of site", site_id)
