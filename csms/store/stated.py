"""Which prices are on an issued statement, and what may not go before they are."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.errors import ConflictError

STATED: Final = """EXISTS (
    SELECT FROM statements d
    WHERE d.site_id = priced_transactions.site_id
        AND d.month = CAST(date_trunc('month', priced_transactions.started_at
            AT TIME ZONE priced_transactions.time_zone) AS date)
        AND (d.kind = 'site'
            OR d.kind = 'user' AND lower(d.subject_id) = lower(priced_transactions.user_id)
            OR d.kind = 'charge_point'
                AND lower(d.subject_id) = lower(priced_transactions.charge_point_id)))
"""
"""Whether a row of `priced_transactions` is on an issued statement, as SQL."""

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
            f"{what} has transactions that are on no statement yet, such as {number}: issue it "
            "first, or delete the site's statement-issuer if there will be none"
        )
