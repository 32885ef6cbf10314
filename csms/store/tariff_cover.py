"""Whether anything has a price where and when somebody is about to charge."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from csms.services.pricing.choosing import for_direction, subjects_of, uncovered, zone_of
from csms.store.pricing import circumstances_of
from csms.store.tariffs import load_assignments, load_tariffs
from csms.tariff.assignment import choose
from csms.tariff.model import Direction


async def why_uncovered(
    connection: AsyncConnection,
    charge_point_id: str,
    id_token: str,
    at: datetime,
    *,
    currency: str,
    default_zone: str,
) -> str | None:
    """Return why a transaction that begins now would have no price in a currency; else None."""
    known = await circumstances_of(connection, charge_point_id, id_token, at)
    if known is None:
        return None
    named = await load_assignments(connection, subjects_of([known.circumstances]))
    tariffs = await load_tariffs(connection, {each.tariff_id for each in named})
    choice = choose(for_direction(named, tariffs, Direction.IMPORT), known.circumstances)
    if choice.tariff_id is None:
        return choice.reason
    zone = zone_of(known.time_zone, default_zone)
    return uncovered(tariffs[choice.tariff_id], at.astimezone(zone).date(), currency)
