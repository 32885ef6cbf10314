"""What CDRs of a site are made of, a page at a time."""

from __future__ import annotations

from datetime import datetime

from csms.statements.cdr import CdrFacts
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.cdr_facts import as_facts, cdr_rows
from csms.store.tariff_tables import priced_transactions


async def list_page(
    connection: AdminConnection,
    site_id: str,
    window: Window,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[list[Row], list[CdrFacts]]:
    """Return the newest price of transactions in the order in which they ended, as rows and facts.

    Raises ConflictError if the site doesn't say as whom OCPI knows it.
    """
    table = priced_transactions.c
    statement = cdr_rows().where(table.current, table.site_id == site_id)
    if since is not None:
        statement = statement.where(table.ended_at >= since)
    if until is not None:
        statement = statement.where(table.ended_at < until)
    order = [table.ended_at, table.transaction_id]
    rows = await fetch(connection, statement, order, window, descending=False)
    return rows, await as_facts(connection, rows)
