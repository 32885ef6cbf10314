"""Which prices are on an issued statement, and what may not go before they are."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.errors import ConflictError

STATED: Final = """EXISTS (
    SELECT FROM statement_prices d
    WHERE d.transaction_id = priced_transactions.transaction_id
        AND d.revision = priced_transactions.revision)
"""
"""Whether a row of `priced_transactions` is on an issued statement, as SQL."""

STATED_ONCE: Final = """EXISTS (
    SELECT FROM statement_prices d
    WHERE d.transaction_id = priced_transactions.transaction_id)
"""
"""Whether any price of its transaction is."""

_OUTDATED: Final = text("""
SELECT p.user_id, d.id AS statement_id, d.number, min(p.transaction_id) AS transaction_id
FROM priced_transactions p
JOIN statements d ON d.kind = 'user' AND d.site_id = p.site_id AND d.month = :month
    AND d.subject_id = p.user_id
    AND NOT EXISTS (SELECT FROM statements c WHERE c.corrects_id = d.id)
WHERE p.current AND p.complete AND p.site_id = :site_id
    AND p.started_at >= :start AND p.started_at < :end
    AND NOT EXISTS (
        SELECT FROM statement_prices s
        WHERE s.statement_id = d.id AND s.transaction_id = p.transaction_id
            AND s.revision = p.revision)
GROUP BY p.user_id, d.id, d.number
ORDER BY p.user_id
""")


class Outdated(NamedTuple):
    """A user's latest statement of a month, and a transaction that was priced after it."""

    user_id: str
    statement_id: int
    number: str
    transaction_id: int


# Only names of columns and the text above are put into the statement; values are parameters.
_OWED: Final = {
    column: text(f"""
SELECT transaction_id FROM priced_transactions
WHERE current AND complete AND gross <> 0 AND {column} = :id
    AND EXISTS (SELECT FROM statement_issuers i WHERE i.site_id = priced_transactions.site_id)
    AND NOT {STATED}
ORDER BY transaction_id LIMIT 1
""")  # noqa: S608
    for column in ("user_id", "site_id")
}


async def outdated(
    connection: AsyncConnection, site_id: str, month: date, start: datetime, end: datetime
) -> list[Outdated]:
    """Return the users' statements of a site's month that lack what was priced since."""
    asked = {"site_id": site_id, "month": month, "start": start, "end": end}
    return [Outdated(*row) for row in await connection.execute(_OUTDATED, asked)]


async def refuse_owing_user(connection: AsyncConnection, user_id: str) -> None:
    """Raise ConflictError while a user owes for what no statement says."""
    await _refuse(connection, "user_id", f"user {user_id!r}", user_id)


async def refuse_owed_site(connection: AsyncConnection, site_id: str) -> None:
    """Raise ConflictError while a site that issues statements is owed what none of them says."""
    await _refuse(connection, "site_id", f"site {site_id!r}", site_id)


async def _refuse(connection: AsyncConnection, column: str, what: str, id_: str) -> None:
    number = await connection.scalar(_OWED[column], {"id": id_})
    if number is not None:
        raise ConflictError(
            f"{what} has transactions that are on no statement yet, such as {number}: issue or "
            "correct it first, or delete the site's statement-issuer if there will be none"
        )
