"""The meters of circuits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, update

from csms.errors import ConflictError, NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.load_tables import circuit_readings, circuits, meters, sites


async def list_page(
    connection: AdminConnection,
    window: Window,
    *,
    site_id: str | None = None,
    circuit_id: str | None = None,
    kind: str | None = None,
    enabled: bool | None = None,
) -> list[Row]:
    """Return meters in the order of their ids."""
    statement = _joined()
    for column, value in (
        (circuits.c.site_id, site_id),
        (meters.c.circuit_id, circuit_id),
        (meters.c.kind, kind),
        (meters.c.enabled, enabled),
    ):
        if value is not None:
            statement = statement.where(column == value)
    return await fetch(connection, statement, [meters.c.id], window, descending=False)


async def find(connection: AdminConnection, meter_id: str) -> Row:
    """Raises NotFoundError."""
    row = await get(connection, meter_id)
    if row is None:
        raise NotFoundError("meter", meter_id)
    return row


async def get(connection: AdminConnection, meter_id: str) -> Row | None:
    rows = await connection.execute(_joined().where(meters.c.id == meter_id))
    row = rows.mappings().one_or_none()
    return None if row is None else dict(row)


async def create(connection: AdminConnection, meter_id: str, values: Mapping[str, Any]) -> None:
    await connection.execute(insert(meters).values(id=meter_id, **values))


async def change(connection: AdminConnection, meter_id: str, values: Mapping[str, Any]) -> None:
    """Set columns of a meter that exists."""
    await connection.execute(
        update(meters).where(meters.c.id == meter_id).values(updated_at=func.now(), **values)
    )


async def remove(connection: AdminConnection, meter_id: str) -> None:
    """Delete a meter, and what it last showed."""
    row = await find(connection, meter_id)
    await connection.execute(delete(meters).where(meters.c.id == meter_id))
    await forget_reading(connection, row["circuit_id"])


async def forget_reading(connection: AdminConnection, circuit_id: str) -> None:
    """What another meter showed is nothing that is known any more."""
    await connection.execute(
        delete(circuit_readings).where(circuit_readings.c.circuit_id == circuit_id)
    )


async def check_alone(connection: AdminConnection, circuit_id: str, meter_id: str) -> None:
    """Raises ConflictError if another meter of the circuit is switched on."""
    other = await connection.scalar(
        select(meters.c.id).where(
            meters.c.circuit_id == circuit_id, meters.c.enabled, meters.c.id != meter_id
        )
    )
    if other is not None:
        raise ConflictError(
            f"circuit {circuit_id!r} has the meter {other!r} already; switch that off first"
        )


async def enabled_kind(connection: AdminConnection, circuit_id: str) -> tuple[str, str] | None:
    """Return the id and kind of the meter that is switched on."""
    rows = await connection.execute(
        select(meters.c.id, meters.c.kind).where(
            meters.c.circuit_id == circuit_id, meters.c.enabled
        )
    )
    row = rows.one_or_none()
    return None if row is None else (row.id, row.kind)


def _joined() -> Select[Any]:
    """Meters with their sites, and when their circuits were last read."""
    return (
        select(
            meters,
            circuits.c.site_id,
            sites.c.max_meter_age_s,
            circuit_readings.c.measured_at.label("last_reading_at"),
        )
        .join(circuits, circuits.c.id == meters.c.circuit_id)
        .join(sites, sites.c.id == circuits.c.site_id)
        .outerjoin(circuit_readings, circuit_readings.c.circuit_id == circuits.c.id)
    )
