"""Monitors of variables, as charge points told or took them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select

from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.provisioning_tables import variable_monitors

ORDER = ("monitor_id",)


async def list_page(
    connection: AdminConnection,
    charge_point_key: int,
    window: Window,
    *,
    component: str | None = None,
    variable: str | None = None,
) -> list[Row]:
    """Return monitors; names are compared without case."""
    table = variable_monitors.c
    conditions: list[ColumnElement[bool]] = [table.charge_point_key == charge_point_key]
    if component is not None:
        conditions.append(func.lower(table.component) == component.lower())
    if variable is not None:
        conditions.append(func.lower(table.variable) == variable.lower())
    statement = select(variable_monitors).where(*conditions)
    return await fetch(connection, statement, [table.monitor_id], window, descending=False)
