"""Transactions and their readings, as operators look at them; only chargers write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, any_, func, literal, select, true

from csms.errors import NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.provisioning_tables import signature_checks
from csms.store.tables import charge_points, meter_values, transactions

MARGIN: Final = timedelta(days=1)
"""Readings are looked for this long before the start and after the end, because clocks differ."""
READING_ORDER: Final = ("sampled_at", "evse_id", "digest")


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionFilter:
    charge_point_id: str | None = None
    evse_id: int | None = None
    id_token: str | None = None
    active: bool | None = None
    flag: str | None = None
    ocpp_transaction_id: str | None = None
    since: datetime | None = None
    """Started at or after this."""
    until: datetime | None = None
    """Started before this."""


async def list_page(
    connection: AdminConnection, wanted: TransactionFilter, window: Window
) -> list[Row]:
    """Return transactions, the newest start first."""
    statement = _joined().where(*_conditions(wanted))
    order = [transactions.c.started_at, transactions.c.id]
    return await fetch(connection, statement, order, window)


async def find(connection: AdminConnection, transaction_id: int) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(_joined().where(transactions.c.id == transaction_id))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("transaction", transaction_id)
    return dict(row)


async def latest_power_w(
    connection: AdminConnection, transaction_ids: Sequence[int]
) -> dict[int, float]:
    """Return the last power reading of each transaction that has one."""
    reading = (
        select(meter_values.c.power_w)
        .where(
            meter_values.c.charge_point_key == transactions.c.charge_point_key,
            meter_values.c.transaction_id == transactions.c.id,
            meter_values.c.sampled_at >= transactions.c.started_at - MARGIN,
            meter_values.c.power_w.is_not(None),
        )
        .order_by(meter_values.c.sampled_at.desc())
        .limit(1)
        .lateral()
    )
    rows = await connection.execute(
        select(transactions.c.id, reading.c.power_w)
        .join(reading, true())
        .where(transactions.c.id.in_(transaction_ids))
    )
    return {int(number): float(power) for number, power in rows}


async def readings(connection: AdminConnection, transaction: Row, window: Window) -> list[Row]:
    """Return the readings of a transaction (as `find` returned it) in the order of time."""
    table = meter_values.c
    began = [transaction["started_at"], transaction["start_received_at"]]
    conditions = [
        table.charge_point_key == transaction["charge_point_key"],
        table.transaction_id == transaction["id"],
        table.sampled_at >= min(at for at in began if at is not None) - MARGIN,
    ]
    if transaction["stopped_at"] is not None:
        names = ("stopped_at", "stop_received_at", "last_reading_at")
        ended = [transaction[name] for name in names]
        conditions.append(table.sampled_at <= max(at for at in ended if at is not None) + MARGIN)
    statement = select(meter_values).where(*conditions)
    order = [table[name] for name in READING_ORDER]
    return await fetch(connection, statement, order, window, descending=False)


def _joined() -> Select[Any]:
    checks = signature_checks.c
    return (
        select(
            transactions,
            charge_points.c.id.label("charge_point_id"),
            checks.verdict.label("signed_readings"),
        )
        .join(charge_points, charge_points.c.key == transactions.c.charge_point_key)
        .outerjoin(signature_checks, checks.transaction_id == transactions.c.id)
    )


def _conditions(wanted: TransactionFilter) -> list[ColumnElement[bool]]:
    table = transactions.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.charge_point_id is not None:
        conditions.append(func.lower(charge_points.c.id) == func.lower(wanted.charge_point_id))
    if wanted.active is not None:
        is_open = table.stopped_at.is_(None)
        conditions.append(is_open if wanted.active else ~is_open)
    if wanted.flag is not None:
        conditions.append(literal(wanted.flag) == any_(table.flags))
    if wanted.since is not None:
        conditions.append(table.started_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(table.started_at < wanted.until)
    for column, value in (
        (table.evse_id, wanted.evse_id),
        (table.id_token, wanted.id_token),
        (table.ocpp_transaction_id, wanted.ocpp_transaction_id),
    ):
        if value is not None:
            conditions.append(column == value)
    return conditions
