"""What a site's plans keep low in the hours to come: money, or emissions where it asks for that."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.services.pricing.curve import site_curve
from csms.smart_charging.look_ahead import PricePoint
from csms.smart_charging.price_curve import Goal
from csms.store.climate_tables import grid_intensities, site_climates
from csms.store.load_tables import price_points, sites
from csms.store.pricing import market_of
from csms.store.tariffs import load_assignments, load_tariffs
from csms.tariff.assignment import Circumstances, Scope

QUARTER: Final = timedelta(minutes=15)
HOUR: Final = timedelta(hours=1)
HORIZON: Final = timedelta(hours=36)


async def plan_prices(
    connection: AsyncConnection, site_id: str, now: datetime
) -> tuple[Goal, list[PricePoint]]:
    """Return what a site's plans keep low: emissions where it asks for it and they are known."""
    region_id = await connection.scalar(
        select(site_climates.c.region_id).where(
            site_climates.c.site_id == site_id, site_climates.c.plan_by == "emissions"
        )
    )
    if region_id is not None:
        points = await _emission_points(connection, region_id, now)
        if points:
            return Goal.EMISSIONS, points
    of_tariff = await _tariff_points(connection, site_id, now)
    if of_tariff is not None:
        return Goal.COST, of_tariff
    rows = await connection.execute(
        select(price_points)
        .where(price_points.c.site_id == site_id)
        .where(price_points.c.starts_at > now - QUARTER)
        .where(price_points.c.starts_at < now + HORIZON)
        .order_by(price_points.c.starts_at)
    )
    return Goal.COST, [
        PricePoint(
            starts_at=point["starts_at"],
            price=float(point["price"]),
            export_price=float(point["export_price"] or 0),
        )
        for point in rows.mappings()
    ]


async def _tariff_points(
    connection: AsyncConnection, site_id: str, now: datetime
) -> list[PricePoint] | None:
    """Return what the site's tariffs ask in the hours to come; None if it has none."""
    assignments = await load_assignments(connection, {Scope.SITE: {site_id}})
    if not assignments:
        return None
    time_zone = await connection.scalar(select(sites.c.time_zone).where(sites.c.id == site_id))
    return site_curve(
        Circumstances(now, site_id, charge_point_id=""),
        assignments,
        await load_tariffs(connection, {each.tariff_id for each in assignments}),
        ZoneInfo(time_zone or "UTC"),
        await market_of(connection, site_id, now - QUARTER, now + HORIZON),
        now + HORIZON,
    )


async def _emission_points(
    connection: AsyncConnection, region_id: str, now: datetime
) -> list[PricePoint]:
    rows = await connection.execute(
        select(grid_intensities)
        .where(grid_intensities.c.region_id == region_id)
        .where(grid_intensities.c.starts_at > now - HOUR)
        .where(grid_intensities.c.starts_at < now + HORIZON)
        .order_by(grid_intensities.c.starts_at)
    )
    return [
        PricePoint(starts_at=point["starts_at"], price=float(point["g_per_kwh"]))
        for point in rows.mappings()
    ]
