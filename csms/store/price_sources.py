"""Where sites' market prices come from, and what was fetched there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from csms.errors import NotFoundError
from csms.services.pricing.fetching import PriceSource
from csms.services.pricing.price_files import QuarterPrice
from csms.store.admin.window import AdminConnection, Row
from csms.store.database import Database
from csms.store.load_tables import price_points, sites
from csms.store.pricing_queue import price_incomplete_at_site
from csms.store.tariff_tables import price_sources

_LEASE: Final = timedelta(minutes=5)
"""So long a node has time to fetch what it claimed."""


class PriceSources:
    """Implements PriceSourceStore of csms.services.pricing.fetching."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, now: datetime, limit: int) -> Sequence[PriceSource]:
        table = price_sources.c
        async with self._database.begin() as connection:
            due = (
                select(table.site_id)
                .where(table.next_at <= now)
                .order_by(table.next_at)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            rows = await connection.execute(
                update(price_sources)
                .where(table.site_id.in_(due.scalar_subquery()))
                .values(next_at=now + _LEASE)
                .returning(table.site_id, table.url, table.every_s)
            )
            return [PriceSource(r.site_id, r.url, timedelta(seconds=r.every_s)) for r in rows]

    async def keep(self, source: PriceSource, prices: Sequence[QuarterPrice]) -> int:
        async with self._database.begin() as connection:
            return await keep_prices(connection, source.site_id, prices)

    async def note(
        self, source: PriceSource, at: datetime, problem: str | None, next_at: datetime
    ) -> None:
        async with self._database.begin() as connection:
            await connection.execute(
                update(price_sources)
                .where(price_sources.c.site_id == source.site_id)
                .where(price_sources.c.url == source.url)
                .values(fetched_at=at, problem=problem, next_at=next_at)
            )


async def keep_prices(
    connection: AdminConnection, site_id: str, prices: Sequence[QuarterPrice]
) -> int:
    """Set the prices of quarter hours; others stay. Returns how many are new or other ones.

    Tells whoever steers the site, and tries again what had no price there.
    """
    statement = insert(price_points)
    new, old = statement.excluded, price_points.c
    names = ("price", "export_price", "emissions_g_per_kwh")
    rows = [
        {
            "site_id": site_id,
            "starts_at": each.starts_at,
            "price": each.price,
            "export_price": each.export_price,
            "emissions_g_per_kwh": each.emissions_g_per_kwh,
        }
        for each in prices
    ]
    changed = 0
    for begin in range(0, len(rows), 1000):
        written = await connection.execute(
            statement.values(rows[begin : begin + 1000]).on_conflict_do_update(
                index_elements=[old.site_id, old.starts_at],
                set_={name: new[name] for name in names},
                where=or_(*(old[name].is_distinct_from(new[name]) for name in names)),
            )
        )
        changed += written.rowcount
    if changed:
        await connection.execute(
            update(sites).where(sites.c.id == site_id).values(version=sites.c.version + 1)
        )
        await price_incomplete_at_site(connection, site_id)
    return changed


async def find(connection: AdminConnection, site_id: str) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(select(price_sources).where(price_sources.c.site_id == site_id))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("price source of site", site_id)
    return dict(row)


async def replace(
    connection: AdminConnection, site_id: str, values: Mapping[str, Any], now: datetime
) -> Row:
    """Name the source of a site's prices, which is asked at once."""
    values = {**values, "next_at": now, "fetched_at": None, "problem": None}
    rows = await connection.execute(
        insert(price_sources)
        .values(site_id=site_id, **values)
        .on_conflict_do_update(
            index_elements=[price_sources.c.site_id], set_={**values, "updated_at": func.now()}
        )
        .returning(*price_sources.c)
    )
    return dict(rows.mappings().one())


async def remove(connection: AdminConnection, site_id: str) -> None:
    """Raises NotFoundError."""
    await find(connection, site_id)
    await connection.execute(delete(price_sources).where(price_sources.c.site_id == site_id))
