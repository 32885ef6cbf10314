"""Who issues a site's statements and CDRs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from csms.errors import NotFoundError
from csms.store.admin.window import AdminConnection, Row
from csms.store.statement_tables import statement_issuers


async def find(connection: AdminConnection, site_id: str) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(
        select(statement_issuers).where(statement_issuers.c.site_id == site_id)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("statement issuer of site", site_id)
    return dict(row)


async def replace(connection: AdminConnection, site_id: str, values: Mapping[str, Any]) -> Row:
    """Set all of a site's issuer; the site exists."""
    statement = insert(statement_issuers).values(site_id=site_id, **values)
    rows = await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[statement_issuers.c.site_id],
            set_={**values, "updated_at": func.now()},
        ).returning(*statement_issuers.c)
    )
    return dict(rows.mappings().one())


async def remove(connection: AdminConnection, site_id: str) -> None:
    """Raises NotFoundError."""
    await find(connection, site_id)
    await connection.execute(
        delete(statement_issuers).where(statement_issuers.c.site_id == site_id)
    )
