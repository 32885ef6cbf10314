"""What the cars of open transactions need, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from csms.errors import NotFoundError
from csms.store.admin.window import AdminConnection, Row
from csms.store.load_tables import charging_needs, circuits, evses
from csms.store.tables import transactions


async def find(connection: AdminConnection, transaction_id: int) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(
        select(charging_needs).where(charging_needs.c.transaction_id == transaction_id)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("charging need of transaction", transaction_id)
    return dict(row)


async def replace(
    connection: AdminConnection, transaction_id: int, values: Mapping[str, Any]
) -> Row:
    """Say what a transaction that exists needs."""
    rows = await connection.execute(
        insert(charging_needs)
        .values(transaction_id=transaction_id, **values)
        .on_conflict_do_update(
            index_elements=[charging_needs.c.transaction_id],
            set_={**values, "updated_at": func.now()},
        )
        .returning(charging_needs)
    )
    return dict(rows.mappings().one())


async def remove(connection: AdminConnection, transaction_id: int) -> None:
    """Raises NotFoundError."""
    gone = await connection.execute(
        delete(charging_needs)
        .where(charging_needs.c.transaction_id == transaction_id)
        .returning(charging_needs.c.transaction_id)
    )
    if gone.one_or_none() is None:
        raise NotFoundError("charging need of transaction", transaction_id)


async def site_of(connection: AdminConnection, transaction_id: int) -> str | None:
    """Return the site in whose circuits the transaction charges, None if in no circuit."""
    found: str | None = await connection.scalar(
        select(circuits.c.site_id)
        .join(evses, evses.c.circuit_id == circuits.c.id)
        .join(
            transactions,
            (transactions.c.charge_point_key == evses.c.charge_point_key)
            & (transactions.c.evse_id == evses.c.evse_id),
        )
        .where(transactions.c.id == transaction_id)
    )
    return found
