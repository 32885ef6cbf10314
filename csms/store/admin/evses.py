"""EVSEs as installers connected them, and the mode their owners chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, insert, select, update

from csms.errors import ConflictError, NotFoundError
from csms.smart_charging.grid import EvseKey
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.load_tables import circuits, evse_memories, evses, phase_switches
from csms.store.tables import charge_points

_identity = func.lower(charge_points.c.id)


async def list_page(
    connection: AdminConnection,
    window: Window,
    *,
    site_id: str | None = None,
    circuit_id: str | None = None,
) -> list[Row]:
    """Return EVSEs by charge point and number, `identity` being what is compared."""
    statement = _joined().add_columns(_identity.label("identity"))
    if site_id is not None:
        statement = statement.where(circuits.c.site_id == site_id)
    if circuit_id is not None:
        statement = statement.where(evses.c.circuit_id == circuit_id)
    order = [_identity, evses.c.evse_id]
    return await fetch(connection, statement, order, window, descending=False)


async def find(connection: AdminConnection, key: EvseKey) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(_joined().where(*_is(key)))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("EVSE in any circuit", str(key))
    return dict(row)


async def create(
    connection: AdminConnection, charge_point_key: int, evse_id: int, values: Mapping[str, Any]
) -> None:
    await connection.execute(
        insert(evses).values(charge_point_key=charge_point_key, evse_id=evse_id, **values)
    )


async def change(
    connection: AdminConnection, charge_point_key: int, evse_id: int, values: Mapping[str, Any]
) -> None:
    """Set columns of an EVSE that exists."""
    await connection.execute(
        update(evses)
        .where(evses.c.charge_point_key == charge_point_key, evses.c.evse_id == evse_id)
        .values(updated_at=func.now(), **values)
    )


async def remove(connection: AdminConnection, charge_point_key: int, evse_id: int) -> None:
    """Take an EVSE out of its circuit; what it was told is no longer known to be there."""
    for table in (evses, evse_memories):
        await connection.execute(
            delete(table).where(
                table.c.charge_point_key == charge_point_key, table.c.evse_id == evse_id
            )
        )


async def settle_charge_point(
    connection: AdminConnection, charge_point_id: str, site_id: str
) -> Row | None:
    """Put a charge point without a site at the site of its circuits; returns it if it changed.

    Raises NotFoundError, and ConflictError if it is said to be elsewhere.
    """
    rows = await connection.execute(
        select(charge_points.c.site_id)
        .where(_identity == charge_point_id.lower())
        .with_for_update()
    )
    row = rows.one_or_none()
    if row is None:
        raise NotFoundError("charge point", charge_point_id)
    if row.site_id == site_id:
        return None
    if row.site_id is not None:
        raise ConflictError(
            f"charge point {charge_point_id!r} has the site_id {row.site_id!r}, the circuit is at "
            f"{site_id!r}; change the charge point's site_id first if that is where it is"
        )
    changed = await connection.execute(
        update(charge_points)
        .where(_identity == charge_point_id.lower())
        .values(site_id=site_id, updated_at=func.now())
        .returning(*charge_points.c)
    )
    return dict(changed.mappings().one())


async def check_site_of(connection: AdminConnection, charge_point_key: int) -> None:
    """Raises ConflictError if a charge point's site_id is not that of its EVSEs' circuits."""
    rows = await connection.execute(
        select(charge_points.c.id, charge_points.c.site_id, evses.c.evse_id, circuits.c.site_id)
        .join(evses, evses.c.charge_point_key == charge_points.c.key)
        .join(circuits, circuits.c.id == evses.c.circuit_id)
        .where(
            charge_points.c.key == charge_point_key,
            charge_points.c.site_id.is_distinct_from(circuits.c.site_id),
        )
        .limit(1)
    )
    row = rows.one_or_none()
    if row is not None:
        charge_point_id, said, evse_id, site_id = row
        raise ConflictError(
            f"EVSE {evse_id} of {charge_point_id!r} is in a circuit of site {site_id!r}, so the "
            f"charge point can't have the site_id {said!r}; take its EVSEs out of their circuits "
            "first"
        )


async def switches(connection: AdminConnection, key: EvseKey, window: Window) -> list[Row]:
    """Return the EVSE's switches between one and three phases, the newest first."""
    statement = (
        select(phase_switches)
        .join(charge_points, charge_points.c.key == phase_switches.c.charge_point_key)
        .where(
            _identity == key.charge_point_id.lower(),
            phase_switches.c.evse_id == key.evse_id,
        )
    )
    return await fetch(connection, statement, [phase_switches.c.id], window)


def _is(key: EvseKey) -> tuple[ColumnElement[bool], ...]:
    return _identity == func.lower(key.charge_point_id), evses.c.evse_id == key.evse_id


def _joined() -> Select[Any]:
    return (
        select(evses, charge_points.c.id.label("charge_point_id"), circuits.c.site_id)
        .join(charge_points, charge_points.c.key == evses.c.charge_point_key)
        .join(circuits, circuits.c.id == evses.c.circuit_id)
    )
