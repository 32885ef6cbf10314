"""What pricing reads and keeps: evidence of transactions, tariffs, prices of the market."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import RowMapping, and_, case, delete, exists, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.services.pricing.records import (
    Evidence,
    KnownCircumstances,
    PricedRecord,
    StoredUsage,
    Told,
)
from csms.store.database import Database
from csms.store.load_tables import price_points, sites
from csms.store.priced_transactions import record_of, row_of
from csms.store.tables import (
    charge_points,
    connector_status_history,
    id_tokens,
    transactions,
)
from csms.store.tariff_tables import (
    charging_states,
    priced_transactions,
    pricing_queue,
    tariffs,
    user_group_members,
)
from csms.store.tariffs import load_assignments, load_tariffs
from csms.tariff.assignment import Assignment, Circumstances, Scope
from csms.tariff.dynamic import QUARTER, MarketPoint, MarketPrices
from csms.tariff.model import Tariff
from csms.tariff.usage import Reading

_PRICING: Final = 0x6373_6D73_0030
"""Advisory lock: who prices."""
_LATE: Final = timedelta(days=7)
"""A charge point that was offline may tell its statuses so much later."""
_BEFORE: Final = timedelta(minutes=10)
"""A status this much older than a transaction may tell how it began."""
_ANYTHING_COUNTS: Final = text(
    "SELECT EXISTS (SELECT FROM tariff_assignments) OR EXISTS (SELECT FROM spending_limits)"
)
_POSTPONED_AT_FIRST_S: Final = 60
_POSTPONED_MOST_S: Final = 6 * 3600


class Look:
    """Implements PricingReads of csms.services.pricing.ports."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def anything_counts(self) -> bool:
        return bool(await self._connection.scalar(_ANYTHING_COUNTS))

    async def evidence(self, transaction_ids: Collection[int]) -> Sequence[Evidence]:
        rows = await _transactions(self._connection, transaction_ids)
        groups = await _groups_of(self._connection, {row["user_id"] for row in rows})
        readings = await _readings(self._connection, transaction_ids)
        statuses = await _statuses(self._connection, transaction_ids)
        states = await _states(self._connection, transaction_ids)
        limits = await _limits(self._connection, transaction_ids)
        return [
            Evidence(
                transaction_id=row["id"],
                known=_known(row, groups.get(row["user_id"], frozenset())),
                usage=StoredUsage(
                    started_at=row["started_at"],
                    stopped_at=row["stopped_at"],
                    energy_wh=row["energy_wh"],
                    meter_start_wh=row["meter_start_wh"],
                    meter_stop_wh=row["meter_stop_wh"],
                    readings=readings.get(row["id"], ()),
                ),
                statuses=statuses.get(row["id"], ()),
                charging_states=states.get(row["id"], ()),
                limits=limits.get(row["id"], ()),
            )
            for row in rows
        ]

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
        rows = await self._connection.execute(
            select(pricing_queue.c.id, pricing_queue.c.transaction_id)
            .where(pricing_queue.c.due_at <= func.now())
            .order_by(pricing_queue.c.due_at, pricing_queue.c.id)
            .limit(limit)
        )
        found: list[int] = []
        for row_id, transaction_id in rows:
            self._seen.append(row_id)
            found.append(transaction_id)
        return list(dict.fromkeys(found))

    async def tariffs(self, tariff_ids: Collection[str]) -> Mapping[str, Tariff]:
        """They stay as they are until what is priced with them is kept."""
        if tariff_ids:
            locked = select(tariffs.c.id).where(tariffs.c.id.in_(tariff_ids)).order_by(tariffs.c.id)
            await self._connection.execute(locked.with_for_update(read=True))
        return await super().tariffs(tariff_ids)

    async def current(self, transaction_ids: Collection[int]) -> Mapping[int, PricedRecord]:
        rows = await self._connection.execute(
            select(priced_transactions).where(
                priced_transactions.c.transaction_id.in_(transaction_ids),
                priced_transactions.c.current,
            )
        )
        return {row["transaction_id"]: record_of(dict(row)) for row in rows.mappings()}

    async def keep(self, records: Sequence[PricedRecord]) -> None:
        if not records:
            return
        ids = [record.transaction_id for record in records]
        table = priced_transactions.c
        rows = await self._connection.execute(
            update(priced_transactions)
            .where(table.transaction_id.in_(ids), table.current)
            .values(current=False)
            .returning(table.transaction_id, table.revision)
        )
        revisions: dict[int, int] = {row.transaction_id: row.revision for row in rows}
        await self._connection.execute(
            insert(priced_transactions),
            [
                {
                    **row_of(record),
                    "revision": revisions.get(record.transaction_id, 0) + 1,
                    "current": True,
                }
                for record in records
            ],
        )

    async def done(self, transaction_ids: Collection[int]) -> None:
        await self._connection.execute(
            delete(pricing_queue).where(
                pricing_queue.c.id.in_(self._seen),
                pricing_queue.c.transaction_id.in_(transaction_ids),
            )
        )

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
    groups = await _groups_of(connection, {user_id})
    return KnownCircumstances(
        Circumstances(
            at, place.site_id, place.id, id_token, user_id, groups.get(user_id, frozenset())
        ),
        place.time_zone,
    )


async def _transactions(
    connection: AsyncConnection, transaction_ids: Collection[int]
) -> Sequence[RowMapping]:
    table, priced = transactions.c, priced_transactions.c
    names = (
        "id", "id_token", "started_at", "stopped_at", "energy_wh", "meter_start_wh",
        "meter_stop_wh",
    )  # fmt: skip
    # Who paid stays, also if the token is somebody else's by now, unless it was asked for.
    anew = exists().where(pricing_queue.c.transaction_id == table.id, pricing_queue.c.owner_anew)
    user_id = case(
        (anew, id_tokens.c.user_id), else_=func.coalesce(priced.user_id, id_tokens.c.user_id)
    )
    rows = await connection.execute(
        select(
            *(table[name] for name in names),
            charge_points.c.id.label("charge_point_id"),
            charge_points.c.site_id,
            sites.c.time_zone,
            user_id.label("user_id"),
        )
        .join(charge_points, charge_points.c.key == table.charge_point_key)
        .outerjoin(sites, sites.c.id == charge_points.c.site_id)
        .outerjoin(id_tokens, id_tokens.c.id_token == table.id_token)
        .outerjoin(priced_transactions, and_(priced.transaction_id == table.id, priced.current))
        .where(table.id.in_(transaction_ids))
        .order_by(table.id)
    )
    return rows.mappings().all()


def _known(row: RowMapping, groups: frozenset[str]) -> KnownCircumstances:
    return KnownCircumstances(
        Circumstances(
            started_at=row["started_at"],
            site_id=row["site_id"],
            charge_point_id=row["charge_point_id"],
            id_token=row["id_token"],
            user_id=row["user_id"],
            user_group_ids=groups,
        ),
        row["time_zone"],
    )


async def _groups_of(
    connection: AsyncConnection, user_ids: Iterable[str | None]
) -> dict[str | None, frozenset[str]]:
    named = [user_id for user_id in user_ids if user_id is not None]
    if not named:
        return {}
    table = user_group_members.c
    rows = await connection.execute(
        select(table.user_id, func.array_agg(table.user_group_id))
        .where(table.user_id.in_(named))
        .group_by(table.user_id)
    )
    return {user_id: frozenset(groups) for user_id, groups in rows}


_READINGS: Final = text("""
SELECT t.id, m.sampled_at, m.energy_wh
FROM transactions t JOIN meter_values m
  ON m.charge_point_key = t.charge_point_key AND m.transaction_id = t.id
 AND m.sampled_at BETWEEN t.started_at AND coalesce(t.stopped_at, 'infinity')
WHERE t.id = ANY(:ids) AND m.energy_wh IS NOT NULL
ORDER BY t.id, m.sampled_at, m.energy_wh
""")


async def _readings(
    connection: AsyncConnection, transaction_ids: Collection[int]
) -> dict[int, list[Reading]]:
    found: dict[int, list[Reading]] = {}
    rows = await connection.execute(_READINGS, {"ids": list(transaction_ids)})
    for transaction_id, at, register_wh in rows:
        found.setdefault(transaction_id, []).append(Reading(at, Decimal(register_wh)))
    return found


async def _statuses(
    connection: AsyncConnection, transaction_ids: Collection[int]
) -> dict[int, list[Told]]:
    history, of = connector_status_history.c, transactions.c
    rows = await connection.execute(
        select(of.id, history.status_at, history.status)
        .join(
            connector_status_history,
            and_(
                history.charge_point_key == of.charge_point_key,
                history.evse_id == of.evse_id,
                history.received_at >= of.started_at - _BEFORE,
                history.received_at <= func.coalesce(of.stopped_at, func.now()) + _LATE,
                history.status_at >= of.started_at - _BEFORE,
            ),
        )
        .where(of.id.in_(transaction_ids))
        .order_by(of.id, history.status_at, history.id)
    )
    return _by_transaction(rows)


async def _states(
    connection: AsyncConnection, transaction_ids: Collection[int]
) -> dict[int, list[Told]]:
    table = charging_states.c
    rows = await connection.execute(
        select(table.transaction_id, table.at, table.state)
        .where(table.transaction_id.in_(transaction_ids))
        .order_by(table.transaction_id, table.at, table.id)
    )
    return _by_transaction(rows)


_LIMITS: Final = text("""
SELECT t.id, l.at, l.state
FROM transactions t JOIN LATERAL (
  (SELECT w.at, w.id, w.state FROM withheld_energy w
   WHERE w.charge_point_key = t.charge_point_key AND w.evse_id = t.evse_id
     AND w.at <= t.started_at
   ORDER BY w.at DESC, w.id DESC LIMIT 1)
  UNION ALL
  (SELECT w.at, w.id, w.state FROM withheld_energy w
   WHERE w.charge_point_key = t.charge_point_key AND w.evse_id = t.evse_id
     AND w.at > t.started_at AND w.at < coalesce(t.stopped_at, 'infinity'))
) l ON true
WHERE t.id = ANY(:ids)
ORDER BY t.id, l.at, l.id
""")


async def _limits(
    connection: AsyncConnection, transaction_ids: Collection[int]
) -> dict[int, list[Told]]:
    return _by_transaction(await connection.execute(_LIMITS, {"ids": list(transaction_ids)}))


def _by_transaction(rows: Iterable[Any]) -> dict[int, list[Told]]:
    found: dict[int, list[Told]] = {}
    for transaction_id, at, state in rows:
        found.setdefault(transaction_id, []).append(Told(at, state))
    return found
