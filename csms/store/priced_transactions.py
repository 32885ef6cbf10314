"""Priced transactions as rows and back: what was kept is read as exactly the same values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.services.pricing.records import PricedRecord
from csms.store.tariff_tables import priced_transactions
from csms.tariff.pricing import PricedTransaction

_COST: Final = (
    "transaction_id", "revision", "tariff_id", "versions", "tariff_reason", "currency", "net",
    "gross", "complete", "reason", "flags", "bill", "priced_at",
)  # fmt: skip
_PLAIN: Final = ("charge_point_id", "site_id", "user_id", "id_token", "time_zone", "tariff_reason")


def row_of(record: PricedRecord) -> dict[str, Any]:
    """Return a record as a row of `priced_transactions`, all but `revision` and `current`."""
    priced, bill = record.priced, record.priced.bill
    return {
        **{name: getattr(record, name) for name in _PLAIN},
        "transaction_id": record.transaction_id,
        "started_at": priced.usage.started_at,
        "ended_at": priced.usage.ended_at,
        "energy_wh": priced.usage.energy_wh,
        "tariff_id": priced.tariff_id,
        "versions": list(priced.versions),
        "currency": bill.currency,
        "net": bill.net,
        "gross": bill.gross,
        "complete": record.complete,
        "reason": record.reason,
        "flags": sorted(priced.flags),
        "lines": msgspec.to_builtins(priced.lines),
        "bill": msgspec.to_builtins(bill),
        "usage": msgspec.to_builtins(priced.usage),
        "market": msgspec.to_builtins(priced.market_points),
        "priced_at": record.priced_at,
    }


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
