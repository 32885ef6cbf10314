"""Prepaid accounts and their ledger as operators keep them; ids are compared without case."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Boolean as Truth
from sqlalchemy import ColumnElement, Select, delete, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from csms.errors import ConflictError, InvalidValueError, NotFoundError
from csms.store.account_tables import (
    account_entries,
    account_id_tokens,
    accounts,
    spending_reservations,
)
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.tables import id_tokens, transactions
from csms.store.tariff_tables import priced_transactions, users

_identity: Final = func.lower(accounts.c.id)
_IS_NEW: Final = literal_column("(xmax = 0)", Truth).label("is_new")
_reserved: Final = (
    select(func.coalesce(func.sum(spending_reservations.c.amount), 0))
    .where(
        spending_reservations.c.account_id == accounts.c.id,
        func.coalesce(spending_reservations.c.expires_at > func.now(), True),
    )
    .scalar_subquery()
)
_held_unpriced: Final = (
    select(func.coalesce(func.sum(spending_reservations.c.amount), 0))
    .where(
        spending_reservations.c.account_id == accounts.c.id,
        spending_reservations.c.transaction_id.in_(
            select(transactions.c.id).where(transactions.c.stopped_at.is_not(None))
        ),
        spending_reservations.c.transaction_id.in_(
            select(priced_transactions.c.transaction_id).where(
                priced_transactions.c.current,
                priced_transactions.c.gross.is_(None)
                | (priced_transactions.c.currency != accounts.c.currency),
            )
        ),
    )
    .scalar_subquery()
)


def _accounts() -> Select[Any]:
    tokens = (
        select(func.array_agg(account_id_tokens.c.id_token))
        .where(account_id_tokens.c.account_id == accounts.c.id)
        .scalar_subquery()
    )
    return select(
        accounts,
        _identity.label("identity"),
        _reserved.label("reserved"),
        (accounts.c.balance - _reserved).label("available"),
        _held_unpriced.label("held_unpriced"),
        func.coalesce(tokens, []).label("id_tokens"),
    )


async def list_page(
    connection: AdminConnection, window: Window, *, user_id: str | None = None
) -> list[Row]:
    """Return accounts in the order of their ids, `identity` being what is compared."""
    statement = _accounts()
    if user_id is not None:
        statement = statement.where(func.lower(accounts.c.user_id) == user_id.lower())
    return await fetch(connection, statement, [_identity], window, descending=False)


async def find(connection: AdminConnection, account_id: str) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(_accounts().where(_is(account_id)))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("account", account_id)
    return dict(row)


async def create(connection: AdminConnection, account_id: str, values: Mapping[str, Any]) -> Row:
    """Raises ConflictError if it exists, or its user has one; InvalidValueError."""
    values = await _checked(connection, values)
    await connection.execute(insert(accounts).values(id=account_id, kind="prepaid", **values))
    return await find(connection, account_id)


async def change(connection: AdminConnection, account_id: str, values: Mapping[str, Any]) -> Row:
    """Raises NotFoundError, ConflictError and InvalidValueError; the currency is for good."""
    before = await find(connection, account_id)
    if before["currency"] != values["currency"]:
        raise InvalidValueError("currency", values["currency"], f"{before['currency']}, as it is")
    values = await _checked(connection, values)
    await connection.execute(
        update(accounts).where(_is(account_id)).values(updated_at=func.now(), **values)
    )
    return await find(connection, account_id)


async def remove(connection: AdminConnection, account_id: str) -> None:
    """Delete an account that was never used. Raises NotFoundError and ConflictError."""
    account = await find(connection, account_id)
    used = await connection.scalar(
        select(account_entries.c.id).where(account_entries.c.account_id == account["id"]).limit(1)
    )
    if used is not None:
        raise ConflictError(f"account {account['id']} has a ledger: close it instead")
    await connection.execute(delete(accounts).where(_is(account_id)))


async def entries(connection: AdminConnection, account_id: str, window: Window) -> list[Row]:
    """Return the ledger, the newest entry first; raises NotFoundError."""
    account = await find(connection, account_id)
    statement = select(account_entries).where(account_entries.c.account_id == account["id"])
    return await fetch(connection, statement, [account_entries.c.id], window)


async def add_entry(
    connection: AdminConnection, account_id: str, entry: Mapping[str, Any]
) -> tuple[Row, bool]:
    """Add to the ledger; an entry with the same key counts once. Also returns whether it is new.

    Raises NotFoundError; ConflictError where the key was used for something else, the account is
    closed, or a refund is more than there is.
    """
    account = await locked(connection, account_id)
    known = await _by_key(connection, account["id"], entry["idempotency_key"])
    if known is not None:
        if any(known[name] != entry[name] for name in ("kind", "amount")):
            key = entry["idempotency_key"]
            raise ConflictError(f"key {key!r} stands for {known['kind']} of {known['amount']}")
        return known, False
    _check_entry(await find(connection, account_id), entry)
    rows = await connection.execute(
        insert(account_entries)
        .values(account_id=account["id"], **entry)
        .returning(*account_entries.c)
    )
    return dict(rows.mappings().one()), True


def _check_entry(account: Row, entry: Mapping[str, Any]) -> None:
    if account["closed_at"] is not None and entry["kind"] == "top_up":
        raise ConflictError(f"account {account['id']} is closed")
    available: Decimal = account["available"]
    if entry["kind"] == "refund" and -entry["amount"] > available:
        raise ConflictError(
            f"account {account['id']} has {available:.2f} {account['currency']} to give back"
        )


async def attach(connection: AdminConnection, account_id: str, id_token: str) -> bool:
    """Let an account pay for an id token from now on; returns whether it did not before.

    Raises NotFoundError.
    """
    account = await find(connection, account_id)
    if not await connection.scalar(
        select(func.count()).select_from(id_tokens).where(id_tokens.c.id_token == id_token)
    ):
        raise NotFoundError("id token", id_token)
    new = insert(account_id_tokens).values(id_token=id_token, account_id=account["id"])
    rows = await connection.execute(
        new.on_conflict_do_update(
            index_elements=[account_id_tokens.c.id_token],
            set_={"account_id": account["id"], "since": func.now()},
            where=account_id_tokens.c.account_id != account["id"],
        ).returning(_IS_NEW)
    )
    return bool(rows.scalar())


async def detach(connection: AdminConnection, account_id: str, id_token: str) -> None:
    """Raises NotFoundError."""
    account = await find(connection, account_id)
    gone = await connection.execute(
        delete(account_id_tokens)
        .where(
            account_id_tokens.c.account_id == account["id"],
            account_id_tokens.c.id_token == id_token,
        )
        .returning(account_id_tokens.c.id_token)
    )
    if gone.one_or_none() is None:
        raise NotFoundError("id token of this account", id_token)


def _is(account_id: str) -> ColumnElement[bool]:
    return func.lower(account_id) == _identity


async def locked(connection: AdminConnection, account_id: str) -> Row:
    """Return an account that is this transaction's alone until its end; raises NotFoundError."""
    rows = await connection.execute(select(accounts).where(_is(account_id)).with_for_update())
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("account", account_id)
    return dict(row)


async def _by_key(connection: AdminConnection, account_id: str, key: str) -> Row | None:
    rows = await connection.execute(
        select(account_entries).where(
            account_entries.c.account_id == account_id,
            account_entries.c.idempotency_key == key,
        )
    )
    row = rows.mappings().one_or_none()
    return None if row is None else dict(row)


async def _checked(connection: AdminConnection, values: Mapping[str, Any]) -> dict[str, Any]:
    """Spell the user as it is kept; raises InvalidValueError for one that is unknown."""
    if values["user_id"] is None:
        return dict(values)
    kept = await connection.scalar(
        select(users.c.id).where(func.lower(users.c.id) == values["user_id"].lower())
    )
    if kept is None:
        raise InvalidValueError("user_id", values["user_id"], "a user that exists")
    return {**values, "user_id": kept}
