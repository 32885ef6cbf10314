"""Which prices are on an issued statement, and what may not go before they are."""

from __future__ import annotations

from typing import Final

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

OUTDATED: Final = """(
    NOT EXISTS (SELECT FROM statements later WHERE later.corrects_id = statements.id)
    AND EXISTS (
        SELECT FROM priced_transactions p JOIN sites ON sites.id = p.site_id
        WHERE p.current AND p.complete AND p.site_id = statements.site_id
            AND p.started_at >= statements.month AT TIME ZONE sites.time_zone
            AND p.started_at < (statements.month + interval '1 month') AT TIME ZONE sites.time_zone
            AND (statements.kind = 'site'
                OR statements.kind = 'user' AND p.user_id = statements.subject_id
                OR statements.kind = 'charge_point' AND p.charge_point_id = statements.subject_id)
            AND NOT EXISTS (
                SELECT FROM statement_prices d
                WHERE d.statement_id = statements.id AND d.transaction_id = p.transaction_id
                    AND d.revision = p.revision)))
"""
"""Whether a row of `statements` lacks what was priced since, and nothing corrects it yet."""

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
            f"{what} has transactions that are on no statement yet, such as {number}: issue or "
            "correct it first, or delete the site's statement-issuer if there will be none"
        )
