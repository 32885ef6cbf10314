"""The public keys of meters that sign, as operators enter and see them."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from csms.errors import NotFoundError
from csms.store.admin.window import AdminConnection, Row
from csms.store.provisioning_tables import meter_keys


async def list_keys(connection: AdminConnection, charge_point_key: int) -> list[Row]:
    rows = await connection.execute(
        select(meter_keys)
        .where(meter_keys.c.charge_point_key == charge_point_key)
        .order_by(meter_keys.c.evse_id)
    )
    return [dict(row) for row in rows.mappings()]


async def enter(
    connection: AdminConnection, charge_point_key: int, evse_id: int, public_key: str
) -> Row:
    """Keep the operator's key for a meter; EVSE 0 stands for all that have none of their own."""
    values = {"public_key": public_key, "source": "operator", "since": func.now()}
    rows = await connection.execute(
        insert(meter_keys)
        .values(charge_point_key=charge_point_key, evse_id=evse_id, **values)
        .on_conflict_do_update(constraint="pk_meter_keys", set_=values)
        .returning(meter_keys)
    )
    return dict(rows.mappings().one())


async def remove(connection: AdminConnection, charge_point_key: int, evse_id: int) -> None:
    """Forget a meter's key; raises NotFoundError."""
    gone = await connection.execute(
        delete(meter_keys).where(
            meter_keys.c.charge_point_key == charge_point_key, meter_keys.c.evse_id == evse_id
        )
    )
    if gone.rowcount == 0:
        raise NotFoundError("key of the meter of EVSE", evse_id)
