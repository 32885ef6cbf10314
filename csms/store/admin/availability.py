"""Which places of a charge point were taken in or out of use."""

from __future__ import annotations

from sqlalchemy import select

from csms.store.admin.window import AdminConnection, Row
from csms.store.provisioning_tables import availability_orders


async def list_orders(connection: AdminConnection, charge_point_key: int) -> list[Row]:
    """Return the last order for each place."""
    table = availability_orders.c
    rows = await connection.execute(
        select(availability_orders)
        .where(table.charge_point_key == charge_point_key)
        .order_by(table.evse_id, table.connector_id)
    )
    return [dict(row) for row in rows.mappings()]
