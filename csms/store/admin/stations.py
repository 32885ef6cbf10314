"""What stations of OCPP 2.1 told, as operators look at it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, func, select

from csms.errors import NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.station_tables import (
    battery_swaps,
    der_control_runs,
    der_controls,
    dynamic_schedules,
    event_streams,
    settlements,
    transaction_details,
)
from csms.store.tables import charge_points, transactions


async def settlements_page(
    connection: AdminConnection,
    window: Window,
    *,
    charge_point_id: str | None = None,
    status: str | None = None,
    psp_ref: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Row]:
    """Return payments at stations' terminals, the newest first, with the transaction's own id."""
    ours = (
        select(func.max(transactions.c.id))
        .where(
            transactions.c.charge_point_key == settlements.c.charge_point_key,
            transactions.c.ocpp_transaction_id == settlements.c.ocpp_transaction_id,
        )
        .scalar_subquery()
    )
    statement = _named(settlements, ours.label("transaction_id"))
    conditions = _equal(settlements, status=status, psp_ref=psp_ref)
    if charge_point_id is not None:
        conditions.append(_is(charge_point_id))
    if since is not None:
        conditions.append(settlements.c.settled_at >= since)
    if until is not None:
        conditions.append(settlements.c.settled_at < until)
    return await fetch(connection, statement.where(*conditions), [settlements.c.id], window)


async def battery_swaps_page(
    connection: AdminConnection,
    window: Window,
    *,
    charge_point_id: str | None = None,
    request_id: int | None = None,
    id_token: str | None = None,
) -> list[Row]:
    """Return what went into and out of swap stations, the newest first."""
    conditions = _equal(battery_swaps, request_id=request_id, id_token=id_token)
    if charge_point_id is not None:
        conditions.append(_is(charge_point_id))
    statement = _named(battery_swaps).where(*conditions)
    return await fetch(connection, statement, [battery_swaps.c.id], window)


async def der_controls_page(
    connection: AdminConnection, charge_point_key: int, window: Window
) -> list[Row]:
    """Return a station's settings by their ids, with whether each is in force."""
    runs = der_control_runs.c
    statement = (
        select(der_controls, runs.is_running, runs.since)
        .outerjoin(
            der_control_runs,
            and_(
                runs.charge_point_key == der_controls.c.charge_point_key,
                runs.control_id == der_controls.c.control_id,
            ),
        )
        .where(der_controls.c.charge_point_key == charge_point_key)
    )
    order = [der_controls.c.control_id]
    return await fetch(connection, statement, order, window, descending=False)


async def event_streams_page(
    connection: AdminConnection, charge_point_key: int, window: Window
) -> list[Row]:
    return await _of_station(connection, event_streams, "stream_id", charge_point_key, window)


async def dynamic_schedules_page(
    connection: AdminConnection, charge_point_key: int, window: Window
) -> list[Row]:
    return await _of_station(connection, dynamic_schedules, "profile_id", charge_point_key, window)


async def evse_of_dynamic_schedule(
    connection: AdminConnection, charge_point_key: int, profile_id: int
) -> int | None:
    """Return the EVSE that a dynamic profile was set for, None where that is not known."""
    table = dynamic_schedules.c
    found: int | None = await connection.scalar(
        select(table.evse_id).where(
            table.charge_point_key == charge_point_key, table.profile_id == profile_id
        )
    )
    return found


async def details_of(connection: AdminConnection, transaction_id: int) -> Row:
    """Return what the station told of a transaction of ours. Raises NotFoundError."""
    table = transaction_details.c
    rows = await connection.execute(
        select(transaction_details)
        .join(
            transactions,
            and_(
                transactions.c.charge_point_key == table.charge_point_key,
                transactions.c.ocpp_transaction_id == table.ocpp_transaction_id,
            ),
        )
        .where(transactions.c.id == transaction_id)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("station's details of transaction", transaction_id)
    return dict(row)


async def _of_station(
    connection: AdminConnection, table: Table, order: str, charge_point_key: int, window: Window
) -> list[Row]:
    statement = select(table).where(table.c.charge_point_key == charge_point_key)
    return await fetch(connection, statement, [table.c[order]], window, descending=False)


def _named(table: Table, *more: ColumnElement[Any]) -> Select[Any]:
    return select(table, charge_points.c.id.label("charge_point_id"), *more).join(
        charge_points, charge_points.c.key == table.c.charge_point_key
    )


def _is(charge_point_id: str) -> ColumnElement[bool]:
    return func.lower(charge_points.c.id) == func.lower(charge_point_id)


def _equal(table: Table, **wanted: Any) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in wanted.items() if value is not None]
