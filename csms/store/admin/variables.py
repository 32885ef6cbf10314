"""What charge points reported of their device model or configuration."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select

from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.tables import variables

ORDER = (
    "component",
    "component_instance",
    "evse_id",
    "connector_id",
    "variable",
    "variable_instance",
    "attribute",
)


async def list_page(
    connection: AdminConnection,
    charge_point_key: int,
    window: Window,
    *,
    component: str | None = None,
    variable: str | None = None,
) -> list[Row]:
    """Return variables; names are compared without case."""
    conditions: list[ColumnElement[bool]] = [variables.c.charge_point_key == charge_point_key]
    if component is not None:
        conditions.append(func.lower(variables.c.component) == component.lower())
    if variable is not None:
        conditions.append(func.lower(variables.c.variable) == variable.lower())
    statement = select(variables).where(*conditions)
    order = [variables.c[name] for name in ORDER]
    return await fetch(connection, statement, order, window, descending=False)
