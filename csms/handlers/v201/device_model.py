"""Components and variables: the names of the device model, and what is reported of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import NAME_LENGTH, Fields, group, groups, place, text
from csms.services.provisioning.words import (
    VariableName,
)
from csms.services.records import VariableValue

ACTUAL = "Actual"


def read_entry(
    charge_point_key: int, entry: Fields, received_at: datetime
) -> Iterator[VariableValue]:
    """Read one variable of a report: a record for each of its attributes."""
    name = read_name(entry)
    characteristics = group(entry, "variableCharacteristics")
    # without attributes it still tells that the variable exists
    for attribute in groups(entry, "variableAttribute") or [{}]:
        yield VariableValue(
            charge_point_key,
            name.component,
            name.variable,
            read_value(attribute.get("value")),
            received_at,
            component_instance=name.component_instance or "",
            evse_id=name.evse_id or 0,
            connector_id=name.connector_id or 0,
            variable_instance=name.variable_instance or "",
            attribute=text(attribute, "type", NAME_LENGTH) or ACTUAL,
            mutability=text(attribute, "mutability", NAME_LENGTH),
            characteristics=dict(characteristics) or None,
        )


def read_name(fields: Fields) -> VariableName:
    """Read `component` and `variable`; names that are missing are empty."""
    component, variable = group(fields, "component"), group(fields, "variable")
    evse_id, connector_id = place(component)
    return VariableName(
        text(variable, "name", NAME_LENGTH) or "",
        text(component, "name", NAME_LENGTH) or "",
        component_instance=text(component, "instance", NAME_LENGTH),
        variable_instance=text(variable, "instance", NAME_LENGTH),
        evse_id=evse_id,
        connector_id=connector_id,
        attribute=text(fields, "attributeType", NAME_LENGTH),
    )


def read_value(raw: object) -> str | None:
    """Return a variable's value as text, also where a charger wrote a number or a truth value."""
    if raw is None or isinstance(raw, str):
        return raw
    return str(raw).lower() if isinstance(raw, bool) else str(raw)


def component_of(name: VariableName) -> Payload:
    """Write a `component`; EVSE 0 is the charging station, which is not named."""
    component: Payload = {}
    if name.evse_id:
        component["evse"] = evse(name.evse_id, name.connector_id)
    component["name"] = name.component
    if name.component_instance:
        component["instance"] = name.component_instance
    return component


def variable_of(name: VariableName) -> Payload:
    """Write a `variable`."""
    variable: Payload = {"name": name.variable}
    if name.variable_instance:
        variable["instance"] = name.variable_instance
    return variable


def evse(evse_id: int, connector_id: int | None) -> Payload:
    """Write an `evse`; connector 0 means all of it."""
    return {"id": evse_id, "connectorId": connector_id} if connector_id else {"id": evse_id}
