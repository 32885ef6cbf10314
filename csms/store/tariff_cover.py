"""Which tariff somebody would be under who begins to charge, and whether it has a price."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from csms.services.pricing.choosing import for_direction, subjects_of, uncovered, zone_of
from csms.services.pricing.driver_tariffs import DRIVERS, DriverTariff
from csms.store.database import Database
from csms.store.pricing import circumstances_of
from csms.store.tariffs import load_assignments, load_tariffs
from csms.tariff.assignment import Choice, choose
from csms.tariff.model import Direction, Tariff


@dataclass(frozen=True, slots=True)
class _Cover:
    choice: Choice
    tariff: Tariff | None
    day: date
    """Of the site's calendar."""


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
    cover = await _cover(connection, charge_point_id, id_token, at, default_zone)
    if cover is None:
        return None
    if cover.tariff is None:
        return cover.choice.reason
    return uncovered(cover.tariff, cover.day, currency)


class StoredDriverTariffs:
    """Implements DriverTariffStore of `csms.services.pricing.driver_tariffs`."""

    def __init__(self, database: Database, default_zone: str) -> None:
        self._database = database
        self._default_zone = default_zone

    async def driver_tariff(
        self, charge_point_id: str, id_token: str, at: datetime
    ) -> DriverTariff | None:
        async with self._database.begin() as connection:
            cover = await _cover(connection, charge_point_id, id_token, at, self._default_zone)
        if cover is None or cover.tariff is None or cover.choice.assignment is None:
            return None
        is_drivers = cover.choice.assignment.scope in DRIVERS
        return DriverTariff(cover.tariff, cover.day) if is_drivers else None


async def _cover(
    connection: AsyncConnection,
    charge_point_id: str,
    id_token: str,
    at: datetime,
    default_zone: str,
) -> _Cover | None:
    """Return the tariff of who begins at a charge point; None if there is no such."""
    known = await circumstances_of(connection, charge_point_id, id_token, at)
    if known is None:
        return None
    named = await load_assignments(connection, subjects_of([known.circumstances]))
    tariffs = await load_tariffs(connection, {each.tariff_id for each in named})
    choice = choose(for_direction(named, tariffs, Direction.IMPORT), known.circumstances)
    tariff = None if choice.tariff_id is None else tariffs[choice.tariff_id]
    return _Cover(choice, tariff, at.astimezone(zone_of(known.time_zone, default_zone)).date())
