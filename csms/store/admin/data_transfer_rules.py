"""How operators have vendors' messages answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from csms.errors import ConflictError, NotFoundError
from csms.store.admin.window import AdminConnection, Row
from csms.store.data_transfer_rules import MAX_RULES
from csms.store.operation_tables import data_transfer_rules


async def list_all(connection: AdminConnection) -> list[Row]:
    rows = await connection.execute(
        select(data_transfer_rules).order_by(data_transfer_rules.c.vendor_id)
    )
    return [dict(row) for row in rows.mappings()]


async def replace(connection: AdminConnection, vendor_id: str, values: Mapping[str, Any]) -> Row:
    """Raises ConflictError if there are too many."""
    others = await connection.scalar(
        select(func.count()).where(data_transfer_rules.c.vendor_id != vendor_id)
    )
    if (others or 0) >= MAX_RULES:
        raise ConflictError(f"there are {MAX_RULES} rules already")
    rows = await connection.execute(
        insert(data_transfer_rules)
        .values(vendor_id=vendor_id, **values)
        .on_conflict_do_update(
            index_elements=[data_transfer_rules.c.vendor_id],
            set_={**values, "updated_at": func.now()},
        )
        .returning(data_transfer_rules)
    )
    return dict(rows.mappings().one())


async def remove(connection: AdminConnection, vendor_id: str) -> None:
    """Raises NotFoundError."""
    gone = await connection.execute(
        delete(data_transfer_rules)
        .where(data_transfer_rules.c.vendor_id == vendor_id)
        .returning(data_transfer_rules.c.vendor_id)
    )
    if gone.one_or_none() is None:
        raise NotFoundError("data transfer rule", vendor_id)
