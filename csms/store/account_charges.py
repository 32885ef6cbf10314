"""Final prices of transactions put into the ledger, each once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.services.accounts.model import AccountCharge
from csms.store.admin.window import Row
from csms.store.database import Database

ACTOR: Final = "pricing"
RELEASE: Final = "release"
"""A line of the ledger: a transaction without a price holds nothing any more."""
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_FROM: Final = """
FROM priced_transactions p LEFT JOIN account_settlements s USING (transaction_id)
WHERE p.current AND s.revision IS DISTINCT FROM p.revision
    AND (s.transaction_id IS NOT NULL
        OR EXISTS (SELECT FROM spending_reservations r WHERE r.transaction_id = p.transaction_id)
        OR EXISTS (
            SELECT FROM account_entries e
            WHERE e.transaction_id = p.transaction_id AND e.kind = 'release')
        OR EXISTS (
            SELECT FROM account_id_tokens k
            WHERE k.id_token = p.id_token AND date_trunc('minute', k.since) <= p.ended_at)
        OR EXISTS (
            SELECT FROM accounts a
            WHERE a.user_id = p.user_id AND date_trunc('minute', a.created_at) <= p.ended_at))
"""
_SINCE: Final = text(f"""
SELECT p.transaction_id {_FROM} AND p.priced_at >= :since AND p.transaction_id > :after
ORDER BY p.transaction_id LIMIT :count
""")
_DUE: Final = text(f"SELECT p.transaction_id {_FROM} AND p.transaction_id = ANY(:transaction_ids)")
_PRICE: Final = text("""
SELECT p.transaction_id, p.revision, p.gross, p.currency, p.reason, r.key IS NOT NULL AS is_held,
    s.account_id AS paid_by,
    coalesce(
        CASE WHEN b.user_id IS NULL OR b.user_id IS NOT DISTINCT FROM p.user_id
            THEN s.account_id END,
        r.account_id,
        (SELECT max(e.account_id) FROM account_entries e
         WHERE e.transaction_id = p.transaction_id AND e.kind = 'release'),
        (SELECT k.account_id FROM account_id_tokens k
         WHERE k.id_token = p.id_token AND date_trunc('minute', k.since) <= p.ended_at),
        (SELECT a.id FROM accounts a
         WHERE a.user_id = p.user_id AND date_trunc('minute', a.created_at) <= p.ended_at)
    ) AS account_id
FROM priced_transactions p
LEFT JOIN account_settlements s USING (transaction_id)
LEFT JOIN priced_transactions b
    ON b.transaction_id = s.transaction_id AND b.revision = s.revision
LEFT JOIN spending_reservations r ON r.transaction_id = p.transaction_id
WHERE p.current AND p.transaction_id = :transaction_id
""")
"""Whose account paid pays on, unless the transaction turned out to be another user's."""
_ACCOUNT: Final = text("SELECT * FROM accounts WHERE id = :account_id FOR UPDATE")
_BOTH: Final = text("SELECT FROM accounts WHERE id = ANY(:account_ids) ORDER BY id FOR UPDATE")
_FORGET: Final = text("DELETE FROM account_settlements WHERE transaction_id = :transaction_id")
_SETTLED: Final = text("SELECT * FROM account_settlements WHERE transaction_id = :transaction_id")
_ENTER: Final = text("""
INSERT INTO account_entries (
    account_id, kind, amount, balance, idempotency_key, transaction_id, note, actor, created_at)
VALUES (:account_id, :kind, :amount, 0, :key, :transaction_id, :note, :actor, :at)
""")
_NOTE: Final = text("""
INSERT INTO account_settlements (transaction_id, account_id, revision, charged, settled_at)
VALUES (:transaction_id, :account_id, :revision, :charged, :at)
ON CONFLICT (transaction_id) DO UPDATE SET
    revision = excluded.revision, charged = excluded.charged, settled_at = excluded.settled_at
""")
_RELEASE: Final = text("DELETE FROM spending_reservations WHERE transaction_id = :transaction_id")


class AccountCharges:
    """Implements AccountChargeStore of csms.services.accounts.ports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def unsettled(self, since: datetime | None, after: int, limit: int) -> Sequence[int]:
        async with self._database.begin() as connection:
            found = await connection.execute(
                _SINCE, {"since": since or _LONG_AGO, "after": after, "count": limit}
            )
            return list(found.scalars())

    async def due(self, transaction_ids: Collection[int]) -> Sequence[int]:
        async with self._database.begin() as connection:
            found = await connection.execute(_DUE, {"transaction_ids": list(transaction_ids)})
            return list(found.scalars())

    async def settle(self, transaction_id: int, at: datetime) -> AccountCharge | None:
        async with self._database.begin() as connection:
            price = await _row(connection, _PRICE, transaction_id=transaction_id)
            if price is not None and price["paid_by"] not in (None, price["account_id"]):
                await _give_back(connection, price, at)
            if price is None or (price["account_id"] is None and not price["is_held"]):
                return None
            if price["account_id"] is None:
                await connection.execute(_RELEASE, {"transaction_id": transaction_id})
                return AccountCharge(transaction_id, None, Decimal(0))
            return await _settle(connection, transaction_id, price["account_id"], at)


async def _settle(
    connection: AsyncConnection, transaction_id: int, account_id: str, at: datetime
) -> AccountCharge | None:
    account = await _row(connection, _ACCOUNT, account_id=account_id)
    # Looked at again: what was read before the account was ours may be settled by now.
    price = await _row(connection, _PRICE, transaction_id=transaction_id)
    settled = await _row(connection, _SETTLED, transaction_id=transaction_id)
    if account is None or price is None:
        return None
    if settled is not None and settled["revision"] == price["revision"]:
        await connection.execute(_RELEASE, {"transaction_id": transaction_id})
        return None
    problem = why_not_charged(account, price)
    if problem:
        return AccountCharge(transaction_id, account_id, Decimal(0), problem)
    before = Decimal(0) if settled is None else settled["charged"]
    change = before - price["gross"]
    if settled is None or change:
        await connection.execute(_ENTER, _entry(account_id, price, change, settled is None, at))
    await connection.execute(
        _NOTE,
        {
            "transaction_id": transaction_id,
            "account_id": account_id,
            "revision": price["revision"],
            "charged": price["gross"],
            "at": at,
        },
    )
    await connection.execute(_RELEASE, {"transaction_id": transaction_id})
    return AccountCharge(transaction_id, account_id, change)


async def _give_back(connection: AsyncConnection, price: Row, at: datetime) -> None:
    """Give an account back what it paid for a transaction that is another user's."""
    number, paid_by = price["transaction_id"], price["paid_by"]
    await connection.execute(_BOTH, {"account_ids": [paid_by, price["account_id"] or paid_by]})
    settled = await _row(connection, _SETTLED, transaction_id=number)
    if settled is None or settled["account_id"] != paid_by:
        return
    if settled["charged"]:
        entry = {
            "account_id": paid_by,
            "kind": "correction",
            "amount": settled["charged"],
            "key": f"transaction/{number}/{price['revision']}/back",
            "transaction_id": number,
            "note": f"transaction {number} is another user's",
            "actor": ACTOR,
            "at": at,
        }
        await connection.execute(_ENTER, entry)
    await connection.execute(_FORGET, {"transaction_id": number})


def why_not_charged(account: Row, price: Row) -> str:
    """Return why a final price can't be taken from an account; empty if it can."""
    if price["gross"] is None:
        return f"it is not completely priced: {price['reason']}"
    if price["currency"] != account["currency"]:
        return f"it costs {price['currency']}, account {account['id']} is in {account['currency']}"
    return ""


def _entry(
    account_id: str, price: Row, change: Decimal, first: bool, at: datetime
) -> dict[str, Any]:
    number, revision = price["transaction_id"], price["revision"]
    note = f"transaction {number}" if first else f"transaction {number} was priced anew"
    return {
        "account_id": account_id,
        "kind": "charge" if first else "correction",
        "amount": change,
        "key": f"transaction/{number}/{revision}",
        "transaction_id": number,
        "note": note,
        "actor": ACTOR,
        "at": at,
    }


async def _row(connection: AsyncConnection, statement: Any, **asked: Any) -> Row | None:
    rows = await connection.execute(statement, asked)
    row = rows.mappings().one_or_none()
    return None if row is None else dict(row)
