"""Which tariff counts for whom, as operators assign it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from csms.errors import ConflictError, InvalidValueError, NotFoundError
from csms.model import normalise_id_token
from csms.store.admin import user_groups, users
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.load_tables import sites
from csms.store.tables import charge_points
from csms.store.tariff_tables import tariff_assignments, tariffs
from csms.tariff.assignment import Scope


async def list_page(
    connection: AdminConnection,
    window: Window,
    *,
    tariff_id: str | None = None,
    scope: str | None = None,
    subject_id: str | None = None,
) -> list[Row]:
    """Return assignments in the order in which they were made."""
    table = tariff_assignments.c
    conditions = [
        column == value
        for column, value in (
            (table.tariff_id, tariff_id),
            (table.scope, scope),
            (table.subject_id, subject_id),
        )
        if value is not None
    ]
    statement = select(tariff_assignments).where(*conditions)
    return await fetch(connection, statement, [table.id], window, descending=False)


async def find(connection: AdminConnection, assignment_id: int) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(
        select(tariff_assignments).where(tariff_assignments.c.id == assignment_id)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("tariff assignment", assignment_id)
    return dict(row)


async def create(connection: AdminConnection, values: Mapping[str, Any]) -> Row:
    """Raises InvalidValueError for a tariff or a subject there is not, ConflictError for a twin."""
    checked = await _checked(connection, values)
    await _refuse_twin(connection, checked)
    rows = await connection.execute(
        insert(tariff_assignments).values(**checked).returning(*tariff_assignments.c)
    )
    return dict(rows.mappings().one())


async def replace(
    connection: AdminConnection, assignment_id: int, values: Mapping[str, Any]
) -> Row:
    """Raises NotFoundError, and what `create` raises."""
    await find(connection, assignment_id)
    checked = await _checked(connection, values)
    await _refuse_twin(connection, checked, but=assignment_id)
    rows = await connection.execute(
        update(tariff_assignments)
        .where(tariff_assignments.c.id == assignment_id)
        .values(updated_at=func.now(), **checked)
        .returning(*tariff_assignments.c)
    )
    return dict(rows.mappings().one())


async def remove(connection: AdminConnection, assignment_id: int) -> Row:
    """Delete an assignment; returns what it was. Raises NotFoundError."""
    row = await find(connection, assignment_id)
    await connection.execute(
        delete(tariff_assignments).where(tariff_assignments.c.id == assignment_id)
    )
    return row


async def _refuse_twin(
    connection: AdminConnection, values: Mapping[str, Any], but: int | None = None
) -> None:
    """Refuse what says the same as another assignment. The lock on the tariff keeps others out."""
    alike = [
        tariff_assignments.c[name].is_not_distinct_from(value) for name, value in values.items()
    ]
    if but is not None:
        alike.append(tariff_assignments.c.id != but)
    twin = await connection.scalar(select(tariff_assignments.c.id).where(*alike).limit(1))
    if twin is not None:
        raise ConflictError(f"tariff assignment {twin} says the same already")


async def _checked(connection: AdminConnection, values: Mapping[str, Any]) -> dict[str, Any]:
    tariff_id = values["tariff_id"]
    # Not a shared lock: two that enter the same assignment must see one another.
    known = select(tariffs.c.id).where(tariffs.c.id == tariff_id).with_for_update(key_share=True)
    if await connection.scalar(known) is None:
        raise InvalidValueError("tariff_id", tariff_id, "the id of a tariff there is")
    subject_id = await _spelled(connection, Scope(values["scope"]), values["subject_id"])
    return {**values, "subject_id": subject_id}


async def _spelled(connection: AdminConnection, scope: Scope, subject_id: str) -> str:
    match scope:
        case Scope.ID_TOKEN:
            return normalise_id_token(subject_id)
        case Scope.USER:
            return await users.spelled(connection, "subject_id", subject_id)
        case Scope.USER_GROUP:
            return await user_groups.spelled(connection, "subject_id", subject_id)
        case Scope.CHARGE_POINT:
            kept = await connection.scalar(
                select(charge_points.c.id).where(
                    func.lower(charge_points.c.id) == func.lower(subject_id)
                )
            )
        case Scope.SITE:
            kept = await connection.scalar(select(sites.c.id).where(sites.c.id == subject_id))
    if kept is None:
        words = scope.value.replace("_", " ")
        raise InvalidValueError("subject_id", subject_id, f"the id of a {words} there is")
    return str(kept)
