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
from csms.services.password_changes import PasswordWords, Verdict, verdict_of
from csms.services.provisioning.words import VariableName

COMPONENT: Final = "SecurityCtrlr"
VARIABLE: Final = "BasicAuthPassword"


def set_password(charge_point: ChargePoint, command: SetPassword) -> Outgoing:
    name = VariableName(VARIABLE, COMPONENT)
    setting = {"attributeValue": command.password} | named(edition_of(charge_point), name)
    return Outgoing("SetVariables", {"setVariableData": [setting]}, read_set_variables)


def read_sent(action: str, payload: Mapping[str, Any]) -> str | None:
    if action != "SetVariables":
        return None
    settings = groups(payload, "setVariableData")
    values = [each.get("attributeValue") for each in settings if _is_password(each)]
    value = values[-1] if values else None
    return value if isinstance(value, str) and value else None


def read_verdict(answer: Mapping[str, Any]) -> Verdict:
    results = groups(answer, "setVariableResult")
    return verdict_of([each.get("attributeStatus") for each in results if _is_password(each)])


WORDS: Final = PasswordWords(read_sent, read_verdict)
"""A password as SetVariables carries it (A01.FR.02)."""


def _is_password(entry: Fields) -> bool:
    name = read_name(entry)
    return (
        name.component.casefold() == COMPONENT.casefold()
        and name.variable.casefold() == VARIABLE.casefold()
        and (name.attribute or ACTUAL) == ACTUAL
    )
