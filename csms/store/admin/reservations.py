"""Reservations: what was ordered, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, case, func, select, update
from sqlalchemy.dialects.postgresql import insert

from csms.errors import NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.tables import charge_points, reservations

ORDERED: Final = "ordered"
ACTIVE: Final = "active"
REJECTED: Final = "rejected"
CANCELLED: Final = "cancelled"
EXPIRED: Final = "expired"
REMOVED: Final = "removed"

_KEYS = (reservations.c.charge_point_key, reservations.c.reservation_id)


async def list_page(
    connection: AdminConnection,
    now: datetime,
    window: Window,
    *,
    charge_point_id: str | None = None,
    id_token: str | None = None,
    status: str | None = None,
) -> list[Row]:
    """Return reservations, the newest first."""
    conditions: list[ColumnElement[bool]] = []
    if charge_point_id is not None:
        conditions.append(func.lower(charge_points.c.id) == func.lower(charge_point_id))
    if id_token is not None:
        conditions.append(reservations.c.id_token == id_token)
    if status is not None:
        conditions.append(_status(now) == status)
    statement = _joined(now).where(*conditions)
    return await fetch(connection, statement, [reservations.c.id], window)


async def find(
    connection: AdminConnection, now: datetime, charge_point_id: str, reservation_id: int
) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(
        _joined(now).where(
            func.lower(charge_points.c.id) == func.lower(charge_point_id),
            reservations.c.reservation_id == reservation_id,
        )
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("reservation", reservation_id)
    return dict(row)


async def next_id(connection: AdminConnection, charge_point_key: int) -> int:
    """Return a reservation id that the charge point does not use yet."""
    highest = await connection.scalar(
        select(func.max(reservations.c.reservation_id)).where(
            reservations.c.charge_point_key == charge_point_key
        )
    )
    return int(highest or 0) % (2**31 - 1) + 1


async def order(
    connection: AdminConnection,
    charge_point_key: int,
    reservation_id: int,
    values: Mapping[str, Any],
) -> None:
    """Write down what is about to be asked of a charge point; one that holds is left alone."""
    fresh = {**values, "status": ORDERED, "transaction_id": None}
    await connection.execute(
        insert(reservations)
        .values(charge_point_key=charge_point_key, reservation_id=reservation_id, **fresh)
        .on_conflict_do_update(
            index_elements=_KEYS,
            set_={**fresh, "updated_at": func.now()},
            where=reservations.c.status != ACTIVE,
        )
    )


async def confirm(
    connection: AdminConnection,
    charge_point_key: int,
    reservation_id: int,
    values: Mapping[str, Any],
) -> None:
    """Note that the charge point accepted; unless it used the reservation meanwhile, it holds.

    The same id again replaces the older reservation, as it does in a charge point.
    """
    await connection.execute(
        update(reservations)
        .where(
            reservations.c.charge_point_key == charge_point_key,
            reservations.c.reservation_id == reservation_id,
            reservations.c.status.in_((ORDERED, ACTIVE)),
        )
        .values(**values, status=ACTIVE, updated_at=func.now())
    )


async def refuse(connection: AdminConnection, charge_point_key: int, reservation_id: int) -> None:
    """Note that the charge point did not take the order; one that held before still does."""
    await _settle(connection, charge_point_key, reservation_id, (ORDERED,), REJECTED)


async def cancel(connection: AdminConnection, charge_point_key: int, reservation_id: int) -> None:
    """Note that a reservation was cancelled, if it is known and may still have held."""
    await _settle(connection, charge_point_key, reservation_id, (ORDERED, ACTIVE), CANCELLED)


async def drop(connection: AdminConnection, charge_point_key: int, reservation_id: int) -> None:
    """Note that the charge point knows no such reservation (H02.FR.01)."""
    await _settle(connection, charge_point_key, reservation_id, (ORDERED, ACTIVE), REMOVED)


async def _settle(
    connection: AdminConnection,
    charge_point_key: int,
    reservation_id: int,
    was: Sequence[str],
    status: str,
) -> None:
    await connection.execute(
        update(reservations)
        .where(
            reservations.c.charge_point_key == charge_point_key,
            reservations.c.reservation_id == reservation_id,
            reservations.c.status.in_(was),
        )
        .values(status=status, updated_at=func.now())
    )


def _status(now: datetime) -> ColumnElement[str]:
    """Nobody tells when a 1.6 reservation expires, so time itself does."""
    holds = reservations.c.status.in_((ORDERED, ACTIVE))
    over = holds & (reservations.c.expires_at <= now)
    return case((over, EXPIRED), else_=reservations.c.status)


def _joined(now: datetime) -> Select[Any]:
    columns = [column for column in reservations.c if column.name != "status"]
    return select(
        *columns, _status(now).label("status"), charge_points.c.id.label("charge_point_id")
    ).join(charge_points, charge_points.c.key == reservations.c.charge_point_key)
