"""Standings of payers, and what transactions have reserved: opened, judged and changed in one go.

Whoever opens a payer's standing holds the account's row, or a lock for each limit's subject, until
what follows from it is written. So two transactions never see the same credit as theirs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.services.accounts.model import Credit, Payer, Reservation, Standing, WatchedLimit
from csms.store.admin.window import Row
from csms.store.database import Database
from csms.store.tariff_cover import why_uncovered
from csms.tariff.limits import Limit, Measure, Period, Used

_SEED: Final = 0x6373_6D73_0030
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:subject, :seed))")
_LIMITS: Final = text("""
SELECT scope, subject_id, period, measure, currency, at_most FROM spending_limits
WHERE (scope, subject_id) IN (
    ('id_token', :id_token), ('user', :user_id), ('account', :account_id))
ORDER BY id
""")
_ACCOUNT: Final = text("SELECT * FROM accounts WHERE id = :account_id FOR UPDATE")
_RESERVED: Final = text("""
SELECT coalesce(sum(amount), 0) FROM spending_reservations
WHERE account_id = :account_id AND key <> ALL (:own) AND coalesce(expires_at > :at, true)
""")
_MONTH: Final = text("""
SELECT date_trunc('month', :at AT TIME ZONE zone.name) AT TIME ZONE zone.name AS begins_at,
    (date_trunc('month', :at AT TIME ZONE zone.name) + interval '1 month')
        AT TIME ZONE zone.name AS ends_at
FROM (SELECT coalesce(max(s.time_zone), :default_zone) AS name
      FROM charge_points c JOIN sites s ON s.id = c.site_id
      WHERE lower(c.id) = lower(:charge_point_id)) AS zone
""")
_PRICED_OF: Final = {
    "id_token": "p.id_token = :subject_id",
    "user": "p.user_id = :subject_id",
    "account": "p.transaction_id IN (SELECT transaction_id FROM account_settlements "
    "WHERE account_id = :subject_id)",
}
_RESERVED_OF: Final = {
    "id_token": "r.id_token = :subject_id",
    "user": "r.user_id = :subject_id",
    "account": "r.account_id = :subject_id",
}
# Only texts from the two tables above are put into the statement; values are parameters.
_USED: Final = {
    scope: text(f"""
SELECT coalesce(sum(money) FILTER (WHERE currency = :currency), 0) AS money,
    coalesce(sum(energy_wh), 0) AS energy_wh
FROM (
    SELECT p.gross AS money, p.currency, p.energy_wh FROM priced_transactions p
    WHERE p.current AND {_PRICED_OF[scope]} AND p.transaction_id IS DISTINCT FROM :transaction_id
        AND p.ended_at >= :begins_at AND p.ended_at < :ends_at
    UNION ALL
    SELECT r.amount, r.currency, r.energy_wh FROM spending_reservations r
    WHERE {_RESERVED_OF[scope]} AND r.key <> ALL (:own)
        AND coalesce(r.expires_at > :at, true)
        AND NOT EXISTS (
            SELECT FROM priced_transactions p
            WHERE p.current AND p.transaction_id = r.transaction_id)
) AS parts
""")  # noqa: S608
    for scope in _PRICED_OF
}
_RELEASE: Final = text("DELETE FROM spending_reservations WHERE key = ANY (:keys)")
_RESERVE: Final = text("""
INSERT INTO spending_reservations AS held (
    key, account_id, transaction_id, charge_point_id, id_token, user_id, currency, amount,
    energy_wh, expires_at, updated_at)
SELECT :key, :account_id, CAST(:transaction_id AS bigint), :charge_point_id, :id_token, :user_id,
    :currency, :amount, :energy_wh, CAST(:expires_at AS timestamptz), :at
WHERE EXISTS (SELECT FROM transactions t WHERE t.id = :transaction_id AND t.stopped_at IS NULL)
    OR NOT EXISTS (
        SELECT FROM priced_transactions p
        WHERE p.current AND p.transaction_id = :transaction_id)
ON CONFLICT (key) DO UPDATE SET
    account_id = excluded.account_id, id_token = excluded.id_token, user_id = excluded.user_id,
    currency = excluded.currency, amount = excluded.amount, energy_wh = excluded.energy_wh,
    expires_at = excluded.expires_at, updated_at = excluded.updated_at
""")
"""A transaction that has its final price holds nothing any more, unless it runs again."""


class Spending:
    """Implements SpendingStore of csms.services.accounts.ports."""

    def __init__(self, database: Database, default_zone: str = "UTC") -> None:
        self._database = database
        self._default_zone = default_zone

    @asynccontextmanager
    async def opened(
        self, payer: Payer, charge_point_id: str, transaction_id: int | None, at: datetime
    ) -> AsyncIterator[Opened]:
        async with self._database.begin() as connection:
            opened = Opened(
                connection, payer, charge_point_id, transaction_id, at, self._default_zone
            )
            await opened.load()
            yield opened


class Opened:
    """A payer's standing, as one transaction sees it while nobody else can change it."""

    def __init__(
        self,
        connection: AsyncConnection,
        payer: Payer,
        charge_point_id: str,
        transaction_id: int | None,
        at: datetime,
        default_zone: str,
    ) -> None:
        self._connection = connection
        self._default_zone = default_zone
        self._payer = payer
        self._asked: dict[str, Any] = {
            "at": at,
            "charge_point_id": charge_point_id,
            "transaction_id": transaction_id,
            "own": _keys(payer, charge_point_id, transaction_id),
            "id_token": payer.id_token,
            "user_id": payer.user_id,
            "account_id": payer.account_id,
        }
        self.standing = Standing(None)

    async def load(self) -> None:
        found = await self._connection.execute(
            _LIMITS, self._only("id_token", "user_id", "account_id")
        )
        limits = [dict(row) for row in found.mappings()]
        for subject in sorted({f"{row['scope']}/{row['subject_id']}" for row in limits}):
            await self._connection.execute(_LOCK, {"subject": subject, "seed": _SEED})
        credit = await self._credit()
        self.standing = Standing(credit, tuple([await self._watched(row) for row in limits]))

    async def reserve(self, reservation: Reservation) -> None:
        own = self._asked["own"]
        await self._connection.execute(_RELEASE, {"keys": own[1:]})
        await self._connection.execute(
            _RESERVE,
            {
                "key": own[0],
                "account_id": self._payer.account_id,
                "transaction_id": reservation.transaction_id,
                "charge_point_id": reservation.charge_point_id,
                "id_token": self._payer.id_token,
                "user_id": self._payer.user_id,
                "currency": reservation.currency,
                "amount": reservation.amount,
                "energy_wh": round(reservation.energy_wh, 4),
                "expires_at": reservation.expires_at,
                "at": reservation.at,
            },
        )

    async def why_uncovered(self) -> str | None:
        credit = self.standing.credit
        if credit is None:
            return None
        return await why_uncovered(
            self._connection,
            self._asked["charge_point_id"],
            self._payer.id_token,
            self._asked["at"],
            currency=credit.currency,
            default_zone=self._default_zone,
        )

    async def _credit(self) -> Credit | None:
        if self._payer.account_id is None:
            return None
        rows = await self._connection.execute(_ACCOUNT, self._only("account_id"))
        account = rows.mappings().one_or_none()
        if account is None:
            return None
        reserved = await self._connection.scalar(_RESERVED, self._only("account_id", "own", "at"))
        return Credit(
            account_id=account["id"],
            currency=account["currency"],
            balance=account["balance"],
            reserved=Decimal(reserved or 0),
            start_credit=account["start_credit"],
            closed=account["closed_at"] is not None,
        )

    async def _watched(self, row: Row) -> WatchedLimit:
        limit = Limit(
            Measure(row["measure"]),
            Period(row["period"]),
            row["at_most"],
            _whose(row),
            row["currency"] or "",
        )
        used = Used()
        if limit.period is Period.MONTH:
            used = await self._used(row)
        return WatchedLimit(limit, row["currency"], used)

    async def _used(self, row: Row) -> Used:
        months = await self._connection.execute(
            _MONTH, {**self._only("at", "charge_point_id"), "default_zone": self._default_zone}
        )
        found = await self._connection.execute(
            _USED[row["scope"]],
            {
                **self._only("transaction_id", "own", "at"),
                **months.mappings().one(),
                "subject_id": row["subject_id"],
                "currency": row["currency"],
            },
        )
        sums = found.mappings().one()
        return Used(sums["money"], sums["energy_wh"])

    def _only(self, *names: str) -> Mapping[str, Any]:
        return {name: self._asked[name] for name in names}


def _keys(payer: Payer, charge_point_id: str, transaction_id: int | None) -> list[str]:
    """Return the keys of what a transaction has reserved; the first is the one to write."""
    beginning = f"start/{charge_point_id}/{payer.id_token}"
    return [beginning] if transaction_id is None else [f"transaction/{transaction_id}", beginning]


def _whose(row: Row) -> str:
    return f"{row['scope'].replace('_', ' ')} {row['subject_id']}"
