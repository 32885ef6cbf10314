"""Credit that transactions without a price hold: seen, and given back by an operator."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import delete, func, insert, select

from csms.errors import ConflictError, NotFoundError
from csms.store.account_charges import RELEASE, why_not_charged
from csms.store.account_tables import account_entries, spending_reservations
from csms.store.admin.accounts import find, locked
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.tables import transactions
from csms.store.tariff_tables import priced_transactions

_held: Final = spending_reservations.c
_priced: Final = priced_transactions.c
_HELD: Final = (
    select(
        spending_reservations,
        transactions.c.stopped_at.label("ended_at"),
        _priced.revision,
        _priced.gross,
        _priced.currency.label("price_currency"),
        _priced.reason,
    )
    .outerjoin(transactions, transactions.c.id == _held.transaction_id)
    .outerjoin(
        priced_transactions,
        (_priced.transaction_id == _held.transaction_id) & _priced.current,
    )
)


async def held(connection: AdminConnection, account_id: str, window: Window) -> list[Row]:
    """Return what transactions hold, and of those that ended why they do; raises NotFoundError."""
    account = await find(connection, account_id)
    statement = _HELD.where(
        _held.account_id == account["id"], func.coalesce(_held.expires_at > func.now(), True)
    )
    rows = await fetch(connection, statement, [_held.key], window, descending=False)
    return [{**row, "problem": _problem(account, row)} for row in rows]


async def release(
    connection: AdminConnection, account_id: str, transaction_id: int, reason: str, actor: str
) -> tuple[Row, bool]:
    """Give back what an ended transaction holds; a line of the ledger says why.

    Once it has a price after all it is charged nevertheless. Who asks again gets the same line.
    Also returns whether it is new. Raises NotFoundError, and ConflictError while it runs, waits to
    be priced, or can be charged.
    """
    account = await locked(connection, account_id)
    rows = await connection.execute(
        _HELD.where(_held.account_id == account["id"], _held.transaction_id == transaction_id)
    )
    row = rows.mappings().one_or_none()
    before = await _released(connection, account["id"], transaction_id)
    if row is None:
        if not before:
            raise NotFoundError("reservation of transaction", transaction_id)
        return before[-1], False
    if row["ended_at"] is None:
        raise ConflictError(f"transaction {transaction_id} still runs")
    if row["revision"] is None:
        raise ConflictError(f"transaction {transaction_id} waits to be priced")
    if _problem(account, dict(row)) is None:
        raise ConflictError(f"transaction {transaction_id} has a price and is charged")
    await connection.execute(
        delete(spending_reservations).where(_held.transaction_id == transaction_id)
    )
    entry = {
        "account_id": account["id"],
        "kind": RELEASE,
        "amount": 0,
        "idempotency_key": f"transaction/{transaction_id}/{RELEASE}/{len(before) + 1}",
        "transaction_id": transaction_id,
        "note": f"{row['amount']:.2f} {account['currency']}: {reason}",
        "actor": actor,
    }
    made = await connection.execute(
        insert(account_entries).values(entry).returning(*account_entries.c)
    )
    return dict(made.mappings().one()), True


async def _released(connection: AdminConnection, account_id: str, transaction_id: int) -> list[Row]:
    rows = await connection.execute(
        select(account_entries)
        .where(
            account_entries.c.account_id == account_id,
            account_entries.c.transaction_id == transaction_id,
            account_entries.c.kind == RELEASE,
        )
        .order_by(account_entries.c.id)
    )
    return [dict(row) for row in rows.mappings()]


def _problem(account: Row, row: Any) -> str | None:
    if row["ended_at"] is None or row["revision"] is None:
        return None
    price = {"gross": row["gross"], "currency": row["price_currency"], "reason": row["reason"]}
    return why_not_charged(account, price) or None
