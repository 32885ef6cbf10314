"""What transactions took from the grid and when, and what the grid emitted for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, select, text

from csms.store.admin.window import AdminConnection, Row
from csms.store.climate_tables import grid_intensities, site_climates
from csms.store.tables import charge_points, transactions
from csms.tariff.co2 import GridIntensity, IntensityPoint
from csms.tariff.usage import Reading, Usage

LONGEST: Final = timedelta(hours=1)
"""A point of a series counts until the next one, but no longer."""
# The first of each quarter of an hour: borders between points are there.
_READINGS: Final = text("""
SELECT DISTINCT ON (m.transaction_id, date_bin('15 minutes', m.sampled_at, 'epoch'))
    m.transaction_id, m.sampled_at, m.energy_wh
FROM transactions t
JOIN meter_values m ON m.charge_point_key = t.charge_point_key AND m.transaction_id = t.id
    AND m.sampled_at >= t.started_at AND m.sampled_at <= t.stopped_at
WHERE t.id = ANY (:numbers) AND m.sampled_at >= :since AND m.sampled_at <= :until
    AND m.energy_wh IS NOT NULL
ORDER BY m.transaction_id, date_bin('15 minutes', m.sampled_at, 'epoch'), m.sampled_at
""")


@dataclass(frozen=True, slots=True)
class Ended:
    """An ended transaction and its site's settings, if it has a site with any."""

    usage: Usage
    climate: Row | None


async def of_transaction(connection: AdminConnection, transaction_id: int) -> Ended | None:
    """Return an ended transaction; None if there is none."""
    found = await _load(connection, [transactions.c.id == transaction_id], 1)
    return found[0] if found else None


async def of_site(
    connection: AdminConnection, site_id: str, since: datetime, until: datetime, limit: int
) -> Sequence[Ended]:
    """Return a site's transactions that ended in a time, at most so many."""
    return await _load(
        connection,
        [
            charge_points.c.site_id == site_id,
            transactions.c.stopped_at >= since,
            transactions.c.stopped_at < until,
        ],
        limit,
    )


async def intensities(
    connection: AdminConnection, region_id: str, since: datetime, until: datetime
) -> GridIntensity:
    """Return a region's series over a time."""
    points = await connection.execute(
        select(grid_intensities.c.starts_at, grid_intensities.c.g_per_kwh).where(
            grid_intensities.c.region_id == region_id,
            grid_intensities.c.starts_at > since - LONGEST,
            grid_intensities.c.starts_at <= until,
        )
    )
    return GridIntensity((IntensityPoint(*point) for point in points), LONGEST)


async def _load(
    connection: AdminConnection, conditions: Sequence[ColumnElement[bool]], limit: int
) -> list[Ended]:
    columns = (
        "id", "started_at", "stopped_at", "energy_wh", "meter_start_wh", "meter_stop_wh",
    )  # fmt: skip
    rows = await connection.execute(
        select(
            *(transactions.c[name] for name in columns),
            *(column for column in site_climates.c if column.name != "updated_at"),
        )
        .join(charge_points, charge_points.c.key == transactions.c.charge_point_key)
        .outerjoin(site_climates, site_climates.c.site_id == charge_points.c.site_id)
        .where(transactions.c.stopped_at.is_not(None), *conditions)
        .order_by(transactions.c.stopped_at, transactions.c.id)
        .limit(limit)
    )
    found = [dict(row) for row in rows.mappings()]
    readings = await _readings(connection, found)
    return [
        Ended(_usage(row, readings[row["id"]]), row if row["region_id"] is not None else None)
        for row in found
    ]


async def _readings(
    connection: AdminConnection, found: Sequence[Row]
) -> defaultdict[int, list[Reading]]:
    readings: defaultdict[int, list[Reading]] = defaultdict(list)
    if found:
        asked: dict[str, Any] = {
            "numbers": [row["id"] for row in found],
            "since": min(row["started_at"] for row in found),
            "until": max(row["stopped_at"] for row in found),
        }
        for number, at, register_wh in await connection.execute(_READINGS, asked):
            readings[number].append(Reading(at, register_wh))
    return readings


def _usage(row: Row, readings: Sequence[Reading]) -> Usage:
    return Usage(
        transaction_id=row["id"],
        started_at=row["started_at"],
        ended_at=max(row["stopped_at"], row["started_at"]),
        energy_wh=row["energy_wh"],
        readings=tuple(readings),
        meter_start_wh=row["meter_start_wh"],
        meter_stop_wh=row["meter_stop_wh"],
    )
