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


async def find_value(
    connection: AdminConnection,
    charge_point_key: int,
    component: str,
    variable: str,
    variable_instance: str = "",
) -> str | None:
    """Return what a charge point told of a variable of its own; None if it told nothing."""
    statement = select(variables.c.value).where(
        variables.c.charge_point_key == charge_point_key,
        variables.c.evse_id == 0,
        variables.c.attribute == "Actual",
        func.lower(variables.c.component) == component.lower(),
        func.lower(variables.c.variable) == variable.lower(),
        func.lower(variables.c.variable_instance) == variable_instance.lower(),
    )
    value: str | None = await connection.scalar(statement.limit(1))
    return value
