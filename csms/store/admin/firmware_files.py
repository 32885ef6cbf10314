"""The built-in firmware store: what is known of each file; its content is in the data directory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from csms.errors import NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.operation_tables import firmware_files


async def list_page(connection: AdminConnection, window: Window) -> list[Row]:
    """Return firmware files, the newest first."""
    return await fetch(connection, select(firmware_files), [firmware_files.c.id], window)


async def find(connection: AdminConnection, firmware_id: int, *, lock: bool = False) -> Row:
    """Raises NotFoundError."""
    statement = select(firmware_files).where(firmware_files.c.id == firmware_id)
    rows = await connection.execute(statement.with_for_update() if lock else statement)
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("firmware file", firmware_id)
    return dict(row)


async def create(connection: AdminConnection, values: Mapping[str, Any]) -> Row:
    rows = await connection.execute(
        insert(firmware_files).values(**values).returning(firmware_files)
    )
    return dict(rows.mappings().one())


async def arrived(
    connection: AdminConnection, firmware_id: int, values: Mapping[str, Any], at: datetime
) -> Row:
    """Note that the content is there; raises NotFoundError."""
    rows = await connection.execute(
        update(firmware_files)
        .where(firmware_files.c.id == firmware_id)
        .values(uploaded_at=at, **values)
        .returning(firmware_files)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("firmware file", firmware_id)
    return dict(row)


async def remove(connection: AdminConnection, firmware_id: int) -> None:
    """Raises NotFoundError, and ConflictError where a campaign is about it."""
    await find(connection, firmware_id)
    await connection.execute(delete(firmware_files).where(firmware_files.c.id == firmware_id))
