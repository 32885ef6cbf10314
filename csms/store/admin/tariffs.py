"""Tariffs and their versions, as operators keep them.

A version that priced something can't be changed any more: whoever changes a tariff locks its row,
and so does who prices with it.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import any_, delete, func, insert, literal, select, update

from csms.errors import ConflictError, NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.load_tables import sites
from csms.store.tariff_tables import (
    priced_transactions,
    tariff_assignments,
    tariff_versions,
    tariffs,
)
from csms.store.tariffs import load_tariffs, tariff_row, version_row
from csms.tariff.model import Tariff, TariffVersion


async def list_page(connection: AdminConnection, window: Window) -> list[Row]:
    """Return tariffs without their versions, but with the numbers of these."""
    numbers = (
        select(func.array_agg(tariff_versions.c.number))
        .where(tariff_versions.c.tariff_id == tariffs.c.id)
        .scalar_subquery()
    )
    statement = select(tariffs, numbers.label("numbers"))
    return await fetch(connection, statement, [tariffs.c.id], window, descending=False)


async def find(connection: AdminConnection, tariff_id: str) -> Tariff:
    """Raises NotFoundError."""
    tariff = (await load_tariffs(connection, [tariff_id])).get(tariff_id)
    if tariff is None:
        raise NotFoundError("tariff", tariff_id)
    return tariff


async def lock(connection: AdminConnection, tariff_id: str) -> Tariff:
    """Return a tariff that nobody else changes or prices with meanwhile.

    Raises NotFoundError.
    """
    await connection.execute(
        select(tariffs.c.id).where(tariffs.c.id == tariff_id).with_for_update()
    )
    return await find(connection, tariff_id)


async def exists(connection: AdminConnection, tariff_id: str) -> bool:
    return (
        await connection.scalar(select(tariffs.c.id).where(tariffs.c.id == tariff_id)) is not None
    )


async def create(connection: AdminConnection, tariff: Tariff) -> None:
    """Raises ConflictError if it exists."""
    if await exists(connection, tariff.id):
        raise ConflictError(f"there is a tariff {tariff.id!r} already")
    await connection.execute(insert(tariffs).values(id=tariff.id, **tariff_row(tariff)))
    await _add(connection, tariff.id, tariff.versions)


async def replace(connection: AdminConnection, before: Tariff, tariff: Tariff) -> None:
    """Make a locked tariff another one; versions that stay as they are keep their rows."""
    await connection.execute(
        update(tariffs)
        .where(tariffs.c.id == tariff.id)
        .values(updated_at=func.now(), **tariff_row(tariff))
    )
    gone = [version.number for version in before.versions if version not in tariff.versions]
    await connection.execute(
        delete(tariff_versions).where(
            tariff_versions.c.tariff_id == tariff.id, tariff_versions.c.number.in_(gone)
        )
    )
    await _add(
        connection,
        tariff.id,
        [version for version in tariff.versions if version not in before.versions],
    )


async def remove(connection: AdminConnection, tariff_id: str) -> None:
    """Delete a locked tariff. Raises ConflictError while it is assigned."""
    subject = (
        await connection.execute(
            select(tariff_assignments.c.scope, tariff_assignments.c.subject_id)
            .where(tariff_assignments.c.tariff_id == tariff_id)
            .limit(1)
        )
    ).one_or_none()
    if subject is not None:
        what = f"{subject.scope} {subject.subject_id!r}"
        raise ConflictError(f"tariff {tariff_id!r} is assigned to {what}: end that first")
    await connection.execute(delete(tariffs).where(tariffs.c.id == tariff_id))


async def priced_with(
    connection: AdminConnection, tariff_id: str, numbers: Collection[int]
) -> set[int]:
    """Return those of a tariff's versions that priced any transaction."""
    found: set[int] = set()
    for number in numbers:
        priced = await connection.scalar(
            select(priced_transactions.c.transaction_id)
            .where(
                priced_transactions.c.tariff_id == tariff_id,
                literal(number) == any_(priced_transactions.c.versions),
            )
            .limit(1)
        )
        if priced is not None:
            found.add(number)
    return found


async def time_zones(connection: AdminConnection) -> set[str]:
    """Return the time zones of all sites."""
    rows = await connection.execute(select(sites.c.time_zone).distinct())
    return {str(zone) for zone in rows.scalars()}


async def _add(
    connection: AdminConnection, tariff_id: str, versions: Collection[TariffVersion]
) -> None:
    if versions:
        rows = [version_row(tariff_id, version) for version in versions]
        await connection.execute(insert(tariff_versions), rows)
