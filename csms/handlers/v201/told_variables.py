"""Variables that a charging station told or took in answer to us."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from csms.handlers.v201.device_model import ACTUAL, read_name, read_value
from csms.handlers.v201.fields import Fields, groups, text
from csms.services.provisioning.words import (
    VariableName,
)
from csms.services.records import VariableValue

_RESULTS: Final = {"GetVariables": "getVariableResult", "SetVariables": "setVariableResult"}
_TAKEN: Final = frozenset({"Accepted", "RebootRequired"})


def read_values(
    charge_point_key: int,
    action: str,
    payload: Mapping[str, Any],
    answer: dict[str, Any],
    received_at: datetime,
) -> Sequence[VariableValue]:
    """Return the variables of answers to GetVariables and SetVariables that were accepted."""
    if action not in _RESULTS:
        return []
    asked = dict(_asked(payload))
    values = []
    for entry in groups(answer, _RESULTS[action]):
        name = _name(entry)
        if text(entry, "attributeStatus") not in _TAKEN:
            continue
        if action == "GetVariables":
            value = read_value(entry.get("attributeValue"))
        elif name in asked:
            value = asked[name]
        else:
            continue
        values.append(_value(charge_point_key, name, value, received_at))
    return values


def _asked(payload: Mapping[str, Any]) -> Iterator[tuple[VariableName, str | None]]:
    for entry in groups(payload, "setVariableData"):
        yield _name(entry), read_value(entry.get("attributeValue"))


def _name(entry: Fields) -> VariableName:
    """An absent attribute is the actual value (B05.FR.12, B06.FR.11)."""
    name = read_name(entry)
    return VariableName(
        name.variable,
        name.component,
        name.component_instance or "",
        name.variable_instance or "",
        name.evse_id or 0,
        name.connector_id or 0,
        name.attribute or ACTUAL,
    )


def _value(
    charge_point_key: int, name: VariableName, value: str | None, received_at: datetime
) -> VariableValue:
    return VariableValue(
        charge_point_key,
        name.component,
        name.variable,
        value,
        received_at,
        component_instance=name.component_instance or "",
        evse_id=name.evse_id or 0,
        connector_id=name.connector_id or 0,
        variable_instance=name.variable_instance or "",
        attribute=name.attribute or ACTUAL,
    )
