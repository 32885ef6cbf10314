"""Circuits as operators keep them, and the latest reading of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from csms.errors import ConflictError, NotFoundError
from csms.services.load_management.ports import CircuitReading
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.installations import has_meter
from csms.store.load_tables import (
    circuit_readings,
    circuits,
    evses,
    limit_orders,
    meters,
)

_READING = tuple(
    column.label(f"reading_{column.name}")
    for column in circuit_readings.c
    if not column.primary_key
)


async def list_page(
    connection: AdminConnection, window: Window, *, site_id: str | None = None
) -> list[Row]:
    """Return circuits in the order of their ids, with `reading_...` of their meters."""
    statement = _joined()
    if site_id is not None:
        statement = statement.where(circuits.c.site_id == site_id)
    return await fetch(connection, statement, [circuits.c.id], window, descending=False)


async def find(connection: AdminConnection, circuit_id: str) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(_joined().where(circuits.c.id == circuit_id))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("circuit", circuit_id)
    return dict(row)


async def site_of(connection: AdminConnection, circuit_id: str) -> str | None:
    """Return the id of a circuit's site, None if there is no such circuit."""
    found: str | None = await connection.scalar(
        select(circuits.c.site_id).where(circuits.c.id == circuit_id)
    )
    return found


async def check_free(connection: AdminConnection, circuit_id: str) -> None:
    """Raises ConflictError if there is such a circuit, at whatever site."""
    site_id = await site_of(connection, circuit_id)
    if site_id is not None:
        raise ConflictError(f"there is a circuit {circuit_id!r} already, at site {site_id!r}")


async def create(connection: AdminConnection, circuit_id: str, values: Mapping[str, Any]) -> None:
    await connection.execute(insert(circuits).values(id=circuit_id, **values))


async def change(connection: AdminConnection, circuit_id: str, values: Mapping[str, Any]) -> None:
    """Set columns of a circuit that exists."""
    await connection.execute(
        update(circuits).where(circuits.c.id == circuit_id).values(updated_at=func.now(), **values)
    )


async def remove(connection: AdminConnection, circuit_id: str, now: datetime) -> None:
    """Delete a circuit; raises ConflictError while something hangs on it."""
    below = {
        "circuits": exists().where(circuits.c.parent_id == circuit_id),
        "EVSEs": exists().where(evses.c.circuit_id == circuit_id),
        "a meter": exists().where(meters.c.circuit_id == circuit_id),
        "a limit order that is not over": exists().where(
            limit_orders.c.circuit_id == circuit_id,
            limit_orders.c.cancelled_at.is_(None),
            or_(limit_orders.c.ends_at.is_(None), limit_orders.c.ends_at > now),
        ),
    }
    rows = await connection.execute(
        select(*(condition.label(name) for name, condition in below.items()))
    )
    held_by = [name for name, holds in rows.mappings().one().items() if holds]
    if held_by:
        raise ConflictError(f"circuit {circuit_id!r} still has {', '.join(held_by)}")
    await connection.execute(delete(circuits).where(circuits.c.id == circuit_id))


class Kept(StrEnum):
    """What became of a reading."""

    FIRST = "first"
    NEWEST = "newest"
    LATE = "late"
    """There was a newer one already; it changes nothing."""


async def keep_reading(connection: AdminConnection, reading: CircuitReading) -> Kept:
    """Replace the latest reading unless that is newer."""
    circuit_id = reading.circuit_id
    values = {
        "measured_at": reading.measured_at,
        "current_a": list(reading.current_a),
        "power_w": reading.power_w,
        "battery_w": reading.battery_w,
    }
    made = await connection.execute(
        upsert(circuit_readings)
        .values(circuit_id=circuit_id, **values)
        .on_conflict_do_nothing()
        .returning(circuit_readings.c.circuit_id)
    )
    if made.one_or_none() is not None:
        return Kept.FIRST
    replaced = await connection.execute(
        update(circuit_readings)
        .where(
            circuit_readings.c.circuit_id == circuit_id,
            circuit_readings.c.measured_at <= reading.measured_at,
        )
        .values(**values)
        .returning(circuit_readings.c.circuit_id)
    )
    return Kept.LATE if replaced.one_or_none() is None else Kept.NEWEST


async def hear_signal(connection: AdminConnection, circuit_id: str, at: datetime) -> None:
    """Keep when the grid operator's signal was last heard."""
    await connection.execute(
        update(circuits)
        .where(circuits.c.id == circuit_id)
        .values(signal_at=func.greatest(circuits.c.signal_at, at))
    )


def _joined() -> Select[Any]:
    return select(circuits, has_meter(), *_READING).outerjoin(
        circuit_readings, circuit_readings.c.circuit_id == circuits.c.id
    )
