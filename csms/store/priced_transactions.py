"""Priced transactions as rows and back: what was kept is read as exactly the same values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.services.pricing.records import PricedRecord
from csms.store.bulk import Row, Statement, dump, insert, joined
from csms.store.database import RawConnection
from csms.store.tariff_tables import priced_transactions
from csms.tariff.pricing import PricedTransaction

_COST: Final = (
    "transaction_id", "revision", "tariff_id", "versions", "tariff_reason", "currency", "net",
    "gross", "complete", "reason", "flags", "bill", "priced_at",
)  # fmt: skip
_PLAIN: Final = ("charge_point_id", "site_id", "user_id", "id_token", "time_zone", "tariff_reason")


_COLUMNS: Final = (
    "transaction_id", "revision", "current", "charge_point_id", "site_id", "user_id", "id_token",
    "time_zone", "started_at", "ended_at", "energy_wh", "tariff_id", "tariff_reason", "versions",
    "currency", "net", "gross", "complete", "reason", "flags", "lines", "bill", "usage", "market",
    "priced_at",
)  # fmt: skip
_KEEP: Final = joined(
    (
        Statement(
            "priced_transaction",
            0,
            tuple(priced_transactions.c[name] for name in _COLUMNS),
            insert(priced_transactions, _COLUMNS),
        ),
    )
)
_REPLACE: Final = """
UPDATE priced_transactions SET current = false WHERE transaction_id = ANY($1) AND current
"""
_JSON: Final = msgspec.json.Encoder()


async def keep_records(connection: RawConnection, records: Collection[PricedRecord]) -> None:
    """Keep records as the current ones, in place of earlier revisions, which stay."""
    replaced = [record.transaction_id for record in records if record.revision > 1]
    if replaced:
        await connection.execute(_REPLACE, replaced)
    if records:
        await connection.execute(_KEEP, dump(_row(record) for record in records))


def _row(r: PricedRecord) -> Row:
    priced, bill, usage = r.priced, r.priced.bill, r.priced.usage
    return (
        r.transaction_id, r.revision, True, r.charge_point_id, r.site_id, r.user_id, r.id_token,
        r.time_zone, usage.started_at, usage.ended_at, usage.energy_wh, priced.tariff_id,
        r.tariff_reason, list(priced.versions), bill.currency, bill.net, bill.gross, r.complete,
        r.reason, sorted(priced.flags), _json(priced.lines), _json(bill), _json(usage),
        _json(priced.market_points), r.priced_at,
    )  # fmt: skip


def _json(value: object) -> str:
    return _JSON.encode(value).decode()


def record_of(row: Mapping[str, Any]) -> PricedRecord:
    """Return a row of `priced_transactions` as the record that it was."""
    priced = {
        "usage": row["usage"],
        "tariff_id": row["tariff_id"],
        "versions": row["versions"],
        "lines": row["lines"],
        "bill": row["bill"],
        "flags": row["flags"],
        "market_points": row["market"],
    }
    return PricedRecord(
        **{name: row[name] for name in _PLAIN},
        priced=msgspec.convert(priced, PricedTransaction),
        priced_at=row["priced_at"],
        revision=row["revision"],
    )


async def costs_of(
    connection: AsyncConnection, transaction_ids: Collection[int]
) -> dict[int, Mapping[str, Any]]:
    """Return what is currently kept of those of the transactions that were priced."""
    table = priced_transactions.c
    rows = await connection.execute(
        select(*(table[name] for name in _COST)).where(
            table.transaction_id.in_(transaction_ids), table.current
        )
    )
    return {row["transaction_id"]: dict(row) for row in rows.mappings()}


async def revisions_of(connection: AsyncConnection, transaction_id: int) -> list[Mapping[str, Any]]:
    """Return all that was ever kept of a transaction's price, the newest first."""
    rows = await connection.execute(
        select(priced_transactions)
        .where(priced_transactions.c.transaction_id == transaction_id)
        .order_by(priced_transactions.c.revision.desc())
    )
    return [dict(row) for row in rows.mappings()]
