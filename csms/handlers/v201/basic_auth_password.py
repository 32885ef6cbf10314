"""BasicAuthPassword: the variable that holds a charging station's password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from csms.handlers.editions import edition_of
from csms.handlers.v201.addressing import named
from csms.handlers.v201.answers import read_set_variables
from csms.handlers.v201.device_model import ACTUAL, read_name
from csms.handlers.v201.fields import Fields, groups
from csms.services.charge_point import ChargePoint
from csms.services.commands import Outgoing, SetPassword
from csms.services.provisioning.words import VariableName

COMPONENT: Final = "SecurityCtrlr"
VARIABLE: Final = "BasicAuthPassword"

_TAKEN: Final = frozenset({"Accepted", "RebootRequired"})


def set_password(charge_point: ChargePoint, command: SetPassword) -> Outgoing:
    name = VariableName(VARIABLE, COMPONENT)
    setting = {"attributeValue": command.password} | named(edition_of(charge_point), name)
    return Outgoing("SetVariables", {"setVariableData": [setting]}, read_set_variables)


def read_new_password(
    action: str, payload: Mapping[str, Any], answer: dict[str, Any]
) -> str | None:
    """Return the password a charging station took with SetVariables (A01.FR.02)."""
    if action != "SetVariables":
        return None
    results = groups(answer, "setVariableResult")
    if not any(_is_password(each) and each.get("attributeStatus") in _TAKEN for each in results):
        return None
    values = [each["attributeValue"] for each in payload["setVariableData"] if _is_password(each)]
    return str(values[-1]) if values and values[-1] else None


def _is_password(entry: Fields) -> bool:
    name = read_name(entry)
    return (
        name.component.casefold() == COMPONENT.casefold()
        and name.variable.casefold() == VARIABLE.casefold()
        and (name.attribute or ACTUAL) == ACTUAL
    )
