"""Configuration templates, what they are about, and the jobs that apply them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, tuple_, update

from csms.errors import ConflictError, NotFoundError
from csms.services.provisioning.setting_names import format_name
from csms.services.provisioning.templates import Known, Template, dump_setting
from csms.services.provisioning.words import VariableName
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.provisioning import template_of
from csms.store.provisioning_tables import configuration_jobs, configuration_templates
from csms.store.tables import charge_points, variables

MAX_TEMPLATES = 1000
_OPEN = ("waiting", "running", "reboot_required", "verifying")


async def list_page(connection: AdminConnection, window: Window) -> list[Row]:
    order = [configuration_templates.c.id]
    return await fetch(connection, select(configuration_templates), order, window, descending=False)


async def find(connection: AdminConnection, template_id: str) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(
        select(configuration_templates).where(configuration_templates.c.id == template_id)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("configuration template", template_id)
    return dict(row)


async def replace(
    connection: AdminConnection, template_id: str, values: Mapping[str, Any]
) -> tuple[Row, bool]:
    """Create or replace one; returns it, and whether it is new. Raises ConflictError."""
    table = configuration_templates
    changed = await connection.execute(
        update(table)
        .where(table.c.id == template_id)
        .values(**values, version=table.c.version + 1, updated_at=func.now())
        .returning(table)
    )
    row = changed.mappings().one_or_none()
    if row is not None:
        return dict(row), False
    if (await connection.scalar(select(func.count()).select_from(table)) or 0) >= MAX_TEMPLATES:
        raise ConflictError(f"there are {MAX_TEMPLATES} templates already")
    made = await connection.execute(insert(table).values(id=template_id, **values).returning(table))
    return dict(made.mappings().one()), True


async def remove(connection: AdminConnection, template_id: str) -> None:
    """Raises NotFoundError; its jobs go on."""
    gone = await connection.execute(
        delete(configuration_templates).where(configuration_templates.c.id == template_id)
    )
    if gone.rowcount == 0:
        raise NotFoundError("configuration template", template_id)


async def templates_for(connection: AdminConnection, charge_point: Row) -> list[Template]:
    """Return the templates that fit a charge point."""
    rows = await connection.execute(
        select(configuration_templates).order_by(configuration_templates.c.id).limit(MAX_TEMPLATES)
    )
    templates = [template_of(dict(row)) for row in rows.mappings()]
    return [each for each in templates if _fits(each, charge_point)]


async def charge_points_for(
    connection: AdminConnection,
    template: Template,
    window: Window,
    ids: Sequence[str] | None = None,
) -> list[Row]:
    """Return the accepted charge points that a template fits, in the order of their ids."""
    table = charge_points.c
    kind = (table.vendor, table.model, table.firmware_version)
    kinds = await connection.execute(select(*kind).distinct().where(table.vendor.is_not(None)))
    fitting = [row for row in map(dict, kinds.mappings()) if _fits(template, row)]
    if not fitting:
        return []
    known = [(row["vendor"], row["model"] or "", row["firmware_version"] or "") for row in fitting]
    conditions: list[ColumnElement[bool]] = [
        table.registration_status == "accepted",
        tuple_(table.vendor, func.coalesce(table.model, ""), func.coalesce(kind[2], "")).in_(known),
    ]
    if ids is not None:
        conditions.append(func.lower(table.id).in_([each.lower() for each in ids]))
    statement = select(table.key, table.id, *kind, table.ocpp_version).where(*conditions)
    return await fetch(connection, statement, [table.id], window, descending=False)


async def known_values(
    connection: AdminConnection, charge_point_keys: Sequence[int]
) -> dict[int, dict[str, Known]]:
    """Return what charge points told of their variables, by name in lower case."""
    table = variables.c
    rows = await connection.execute(
        select(variables).where(table.charge_point_key.in_(charge_point_keys))
    )
    found: dict[int, dict[str, Known]] = {key: {} for key in charge_point_keys}
    for row in rows.mappings():
        name = VariableName(
            row["variable"],
            row["component"],
            row["component_instance"] or None,
            row["variable_instance"] or None,
            row["evse_id"] or None,
            row["connector_id"] or None,
            row["attribute"],
        )
        known = Known(row["value"], row["reported_at"])
        found[row["charge_point_key"]][format_name(name).casefold()] = known
    return found


async def add_jobs(
    connection: AdminConnection,
    template: Template,
    charge_point_keys: Sequence[int],
    actor: str,
) -> int:
    """Make a job for each charge point that has no open one of this template."""
    table = configuration_jobs
    busy = select(table.c.charge_point_key).where(
        table.c.template_id == template.id, table.c.status.in_(_OPEN)
    )
    settings = [dump_setting(each) for each in template.settings]
    taken = set((await connection.scalars(busy)).all())
    rows = [
        {
            "charge_point_key": key,
            "template_id": template.id,
            "template_version": template.version,
            "settings": settings,
            "restart_if_needed": template.restart_if_needed,
            "status": "waiting",
            "requested_by": actor,
        }
        for key in charge_point_keys
        if key not in taken
    ]
    if rows:
        moment = {"requested_at": func.now(), "updated_at": func.now()}
        await connection.execute(insert(table).values([{**row, **moment} for row in rows]))
    return len(rows)


async def list_jobs(
    connection: AdminConnection,
    window: Window,
    *,
    template_id: str | None = None,
    charge_point_id: str | None = None,
    status: str | None = None,
) -> list[Row]:
    """Return jobs, the newest first."""
    table = configuration_jobs.c
    conditions: list[ColumnElement[bool]] = []
    if template_id is not None:
        conditions.append(table.template_id == template_id)
    if charge_point_id is not None:
        conditions.append(func.lower(charge_points.c.id) == charge_point_id.lower())
    if status is not None:
        conditions.append(table.status == status)
    statement = (
        select(configuration_jobs, charge_points.c.id.label("charge_point_id"))
        .join(charge_points, charge_points.c.key == table.charge_point_key)
        .where(*conditions)
    )
    return await fetch(connection, statement, [table.id], window)


async def find_job(connection: AdminConnection, job_id: int) -> Row:
    """Raises NotFoundError."""
    table = configuration_jobs.c
    rows = await connection.execute(
        select(configuration_jobs, charge_points.c.id.label("charge_point_id"))
        .join(charge_points, charge_points.c.key == table.charge_point_key)
        .where(table.id == job_id)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("configuration job", job_id)
    return dict(row)


async def cancel_job(connection: AdminConnection, job_id: int) -> Row:
    """Give up a job that is not at work; raises NotFoundError, ConflictError."""
    table = configuration_jobs
    done = await connection.execute(
        update(table)
        .where(table.c.id == job_id, table.c.status.in_(("waiting", "reboot_required")))
        .values(status="cancelled", updated_at=func.now())
    )
    row = await find_job(connection, job_id)
    if done.rowcount == 0:
        raise ConflictError(f"job {job_id} is {row['status']}")
    return row


def _fits(template: Template, charge_point: Mapping[str, Any]) -> bool:
    return template.fits(
        charge_point["vendor"] or "", charge_point["model"] or "", charge_point["firmware_version"]
    )
