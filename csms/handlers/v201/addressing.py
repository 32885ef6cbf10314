"""What an order is about: EVSEs, variables and texts, checked before they are written."""

from __future__ import annotations

from typing import Final

from csms.errors import InvalidValueError
from csms.handlers import phrasebook
from csms.handlers.contract import Payload
from csms.handlers.editions import Edition
from csms.handlers.numbers import INT32_MAX
from csms.handlers.v201.device_model import component_of, evse, variable_of
from csms.services.provisioning.words import VariableName

_ATTRIBUTES: Final = frozenset({"Actual", "Target", "MinSet", "MaxSet"})
_NAME_LENGTH: Final = 50


def attribute(name: VariableName) -> Payload:
    """Write `attributeType`, or nothing for the actual value."""
    if name.attribute is None:
        return {}
    if name.attribute not in _ATTRIBUTES:
        raise InvalidValueError(
            "attribute", name.attribute, f"one of {', '.join(sorted(_ATTRIBUTES))}"
        )
    return {"attributeType": name.attribute}


def named(edition: Edition, name: VariableName) -> Payload:
    """Write `component` and `variable`; raises InvalidValueError."""
    if not name.variable:
        raise InvalidValueError("variable", name.variable, f"a variable's name in {edition.name}")
    return component_named(edition, name)


def component_named(edition: Edition, name: VariableName) -> Payload:
    """Write `component`, and `variable` unless all of them are meant."""
    if not name.component:
        raise InvalidValueError(
            "component", name.component, f"a component's name in {edition.name}"
        )
    for field, value in (
        ("component", name.component),
        ("component_instance", name.component_instance or ""),
        ("variable", name.variable),
        ("variable_instance", name.variable_instance or ""),
    ):
        within(edition, field, value, _NAME_LENGTH)
    evse_or_none(name.evse_id, name.connector_id)
    written = {"component": component_of(name)}
    return written | {"variable": variable_of(name)} if name.variable else written


def evse_or_none(evse_id: int | None, connector_id: int | None) -> Payload | None:
    """Write an `evse`, or nothing for the charging station as a whole (no EVSE, or EVSE 0)."""
    if not evse_id:
        if connector_id:
            raise InvalidValueError("connector_id", connector_id, "none without an evse_id")
        return None
    if connector_id:
        positive("connector_id", connector_id)
    return evse(positive("evse_id", evse_id), connector_id)


def positive(field: str, number: int) -> int:
    if not 0 < number <= INT32_MAX:
        raise InvalidValueError(field, number, "a number from 1 up")
    return number


def within(edition: Edition, field: str, value: str, max_length: int) -> str:
    return phrasebook.within(field, value, max_length, edition.name)
