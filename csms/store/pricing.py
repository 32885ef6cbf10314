"""What pricing reads and keeps: evidence of transactions, tariffs, prices of the market."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.services.pricing.records import Evidence, KnownCircumstances, PricedRecord
from csms.store.database import Database, driver_of
from csms.store.load_tables import price_points, sites
from csms.store.priced_transactions import keep_records, record_of
from csms.store.pricing_evidence import completed, evidence_of, outlines_of
from csms.store.tables import charge_points, id_tokens
from csms.store.tariff_tables import (
    priced_transactions,
    pricing_queue,
    tariffs,
    user_group_members,
)
from csms.store.tariffs import load_assignments, load_tariffs
from csms.tariff.assignment import Assignment, Circumstances, Scope
from csms.tariff.dynamic import QUARTER, MarketPoint, MarketPrices
from csms.tariff.model import Tariff

_PRICING: Final = 0x6373_6D73_0030
"""Advisory lock: who prices."""
_ANYTHING_COUNTS: Final = text(
    "SELECT EXISTS (SELECT FROM tariff_assignments) OR EXISTS (SELECT FROM spending_limits)"
)
_DUE: Final = """
SELECT id, transaction_id FROM pricing_queue WHERE due_at <= now() ORDER BY due_at, id LIMIT $1
"""
_DONE: Final = "DELETE FROM pricing_queue WHERE id = ANY($1) AND transaction_id = ANY($2)"
_POSTPONED_AT_FIRST_S: Final = 60
_POSTPONED_MOST_S: Final = 6 * 3600


class Look:
    """Implements PricingReads of csms.services.pricing.ports."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def anything_counts(self) -> bool:
        return bool(await self._connection.scalar(_ANYTHING_COUNTS))

    async def evidence(self, transaction_ids: Collection[int]) -> Sequence[Evidence]:
        return await evidence_of(await driver_of(self._connection), transaction_ids)

    async def assignments(self, subjects: Mapping[Scope, Collection[str]]) -> Sequence[Assignment]:
        return await load_assignments(self._connection, subjects)

    async def tariffs(self, tariff_ids: Collection[str]) -> Mapping[str, Tariff]:
        return await load_tariffs(self._connection, tariff_ids)

    async def market(self, site_id: str, start: datetime, end: datetime) -> MarketPrices:
        return await market_of(self._connection, site_id, start, end)


class Turn(Look):
    """Implements PricingTurn of csms.services.pricing.ports."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection)
        self._seen: list[int] = []
        """Rows of the queue; what comes later is another reason to price."""

    async def due(self, limit: int) -> Sequence[int]:
        found: list[int] = []
        for row_id, transaction_id in await (await driver_of(self._connection)).fetch(_DUE, limit):
            self._seen.append(row_id)
            found.append(transaction_id)
        return list(dict.fromkeys(found))

    async def outlines(self, transaction_ids: Collection[int]) -> Sequence[Evidence]:
        return await outlines_of(await driver_of(self._connection), transaction_ids)

    async def completed(self, outlines: Collection[Evidence]) -> Sequence[Evidence]:
        return await completed(await driver_of(self._connection), outlines)

    async def tariffs(self, tariff_ids: Collection[str]) -> Mapping[str, Tariff]:
        """They stay as they are until what is priced with them is kept."""
        if tariff_ids:
            locked = select(tariffs.c.id).where(tariffs.c.id.in_(tariff_ids)).order_by(tariffs.c.id)
            await self._connection.execute(locked.with_for_update(read=True))
        return await super().tariffs(tariff_ids)

    async def current(self, transaction_ids: Collection[int]) -> Mapping[int, PricedRecord]:
        if not transaction_ids:
            return {}
        rows = await self._connection.execute(
            select(priced_transactions).where(
                priced_transactions.c.transaction_id.in_(transaction_ids),
                priced_transactions.c.current,
            )
        )
        return {row["transaction_id"]: record_of(dict(row)) for row in rows.mappings()}

    async def keep(self, records: Sequence[PricedRecord]) -> None:
        await keep_records(await driver_of(self._connection), records)

    async def done(self, transaction_ids: Collection[int]) -> None:
        driver = await driver_of(self._connection)
        await driver.execute(_DONE, self._seen, list(transaction_ids))

    async def postpone(self, transaction_id: int) -> None:
        table = pricing_queue.c
        seconds = func.least(
            _POSTPONED_MOST_S, _POSTPONED_AT_FIRST_S * func.power(2, func.least(table.attempts, 16))
        )
        await self._connection.execute(
            update(pricing_queue)
            .where(table.transaction_id == transaction_id)
            .values(
                attempts=func.least(table.attempts + 1, 1000),
                due_at=func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds),
            )
        )


class PricingStore:
    """Implements PricingStore of csms.services.pricing.ports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def look(self) -> AsyncIterator[Look]:
        async with self._database.begin() as connection:
            yield Look(connection)

    @asynccontextmanager
    async def turn(self, *, wait: bool = False) -> AsyncIterator[Turn | None]:
        async with self._database.begin() as connection:
            if wait:
                await connection.execute(select(func.pg_advisory_xact_lock(_PRICING)))
            elif not await connection.scalar(select(func.pg_try_advisory_xact_lock(_PRICING))):
                yield None
                return
            yield Turn(connection)

    async def waiting(self) -> int:
        async with self._database.begin() as connection:
            counted = await connection.scalar(select(func.count()).select_from(pricing_queue))
        return int(counted or 0)


async def market_of(
    connection: AsyncConnection, site_id: str, start: datetime, end: datetime
) -> MarketPrices:
    """Return the market prices of a site that count between two moments."""
    rows = await connection.execute(
        select(price_points)
        .where(price_points.c.site_id == site_id)
        .where(price_points.c.starts_at > start - QUARTER, price_points.c.starts_at <= end)
    )
    return MarketPrices(
        MarketPoint(row["starts_at"], row["price"], row["export_price"]) for row in rows.mappings()
    )


async def circumstances_of(
    connection: AsyncConnection, charge_point_id: str, id_token: str | None, at: datetime
) -> KnownCircumstances | None:
    """Return who would charge where with a token; None if there is no such charge point."""
    place = (
        await connection.execute(
            select(charge_points.c.id, charge_points.c.site_id, sites.c.time_zone)
            .outerjoin(sites, sites.c.id == charge_points.c.site_id)
            .where(func.lower(charge_points.c.id) == func.lower(charge_point_id))
        )
    ).one_or_none()
    if place is None:
        return None
    user_id: str | None = None
    if id_token is not None:
        user_id = await connection.scalar(
            select(id_tokens.c.user_id).where(id_tokens.c.id_token == id_token)
        )
    groups = await connection.scalars(
        select(user_group_members.c.user_group_id).where(user_group_members.c.user_id == user_id)
    )
    return KnownCircumstances(
        Circumstances(at, place.site_id, place.id, id_token, user_id, frozenset(groups)),
        place.time_zone,
    )
