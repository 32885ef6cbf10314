"""Charge points as operators keep them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    all_,
    any_,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from csms.errors import ConflictError, NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.load_tables import evses
from csms.store.station_tables import battery_swaps, settlements
from csms.store.tables import charge_points, connectors, transactions

_HIDDEN: Final = ("password_hash", "sent_password_hashes")
_COLUMNS = (
    *(column for column in charge_points.c if column.name not in _HIDDEN),
    charge_points.c.password_hash.is_not(None).label("has_password"),
    (func.cardinality(charge_points.c.sent_password_hashes) > 0).label("was_sent_password"),
)
_identity = func.lower(charge_points.c.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargePointFilter:
    registration_status: str | None = None
    site_id: str | None = None
    vendor: str | None = None
    search: str | None = None
    """Part of the identity, name or serial number."""
    ids: Collection[str] | None = None
    """Only these identities."""
    not_ids: Collection[str] | None = None


async def list_page(
    connection: AdminConnection, wanted: ChargePointFilter, window: Window
) -> list[Row]:
    """Return charge points in the order of their identities, `identity` being what is compared."""
    statement = select(*_COLUMNS, _identity.label("identity")).where(*_conditions(wanted))
    return await fetch(connection, statement, [_identity], window, descending=False)


async def find(connection: AdminConnection, charge_point_id: str) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(select(*_COLUMNS).where(_is(charge_point_id)))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("charge point", charge_point_id)
    return dict(row)


async def key_of(connection: AdminConnection, charge_point_id: str) -> int:
    """Return the key by which other tables name a charge point; raises NotFoundError."""
    key = await connection.scalar(select(charge_points.c.key).where(_is(charge_point_id)))
    if key is None:
        raise NotFoundError("charge point", charge_point_id)
    return int(key)


async def create(
    connection: AdminConnection, charge_point_id: str, values: Mapping[str, Any]
) -> bool:
    """Create a charge point unless it exists; returns whether it did not."""
    made = await connection.execute(
        upsert(charge_points)
        .values(id=charge_point_id, **values)
        .on_conflict_do_nothing()
        .returning(charge_points.c.key)
    )
    return made.one_or_none() is not None


async def change(
    connection: AdminConnection, charge_point_id: str, values: Mapping[str, Any]
) -> Row:
    """Set some columns; raises NotFoundError."""
    rows = await connection.execute(
        update(charge_points)
        .where(_is(charge_point_id))
        .values(updated_at=func.now(), **values)
        .returning(*_COLUMNS)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("charge point", charge_point_id)
    return dict(row)


async def remove(connection: AdminConnection, charge_point_id: str) -> None:
    """Delete a charge point that never charged anybody.

    Raises NotFoundError, and ConflictError if it has transactions (those must stay accountable)
    or EVSEs in circuits.
    """
    key = await key_of(connection, charge_point_id)
    has_transactions = select(transactions.c.id).where(transactions.c.charge_point_key == key)
    if await connection.scalar(select(has_transactions.exists())):
        raise ConflictError(
            f"{charge_point_id} has transactions, which must stay; "
            "set its registration_status to rejected instead"
        )
    for table in (settlements, battery_swaps):
        if await connection.scalar(select(exists().where(table.c.charge_point_key == key))):
            raise ConflictError(
                f"{charge_point_id} has {table.name.replace('_', ' ')}, which must stay; "
                "set its registration_status to rejected instead"
            )
    if await connection.scalar(select(exists().where(evses.c.charge_point_key == key))):
        raise ConflictError(f"EVSEs of {charge_point_id} hang in circuits; take them out first")
    await connection.execute(delete(charge_points).where(charge_points.c.key == key))


async def connectors_of(connection: AdminConnection, keys: Sequence[int]) -> list[Row]:
    """Return the connectors of charge points, in their order."""
    rows = await connection.execute(
        select(connectors)
        .where(connectors.c.charge_point_key.in_(keys))
        .order_by(connectors.c.charge_point_key, connectors.c.evse_id, connectors.c.connector_id)
    )
    return [dict(row) for row in rows.mappings()]


async def count_open_transactions(
    connection: AdminConnection, keys: Sequence[int]
) -> dict[int, int]:
    """Return how many transactions are open at each charge point that has any."""
    rows = await connection.execute(
        select(transactions.c.charge_point_key, func.count())
        .where(transactions.c.charge_point_key.in_(keys), transactions.c.stopped_at.is_(None))
        .group_by(transactions.c.charge_point_key)
    )
    return {int(key): int(count) for key, count in rows}


def _is(charge_point_id: str) -> ColumnElement[bool]:
    return func.lower(charge_point_id) == _identity


def _conditions(wanted: ChargePointFilter) -> list[ColumnElement[bool]]:
    table = charge_points.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.registration_status is not None:
        conditions.append(table.registration_status == wanted.registration_status)
    if wanted.site_id is not None:
        conditions.append(table.site_id == wanted.site_id)
    if wanted.vendor is not None:
        conditions.append(func.lower(table.vendor) == wanted.vendor.lower())
    if wanted.search is not None:
        conditions.append(
            or_(
                *(
                    column.icontains(wanted.search, autoescape=True)
                    for column in (table.id, table.name, table.serial_number)
                )
            )
        )
    if wanted.ids is not None:
        conditions.append(table.id == any_(_texts(wanted.ids)))
    if wanted.not_ids is not None:
        conditions.append(table.id != all_(_texts(wanted.not_ids)))
    return conditions


def _texts(values: Collection[str]) -> ColumnElement[Any]:
    """One array parameter: there may be more charge points than a statement has parameters."""
    return literal(list(values), ARRAY(Text))
