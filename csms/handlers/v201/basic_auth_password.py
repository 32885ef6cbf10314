"""BasicAuthPassword: the variable that holds a charging station's password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from csms.handlers.v201.device_model import ACTUAL, read_name
from csms.handlers.v201.fields import Fields, groups

COMPONENT: Final = "securityctrlr"
VARIABLE: Final = "basicauthpassword"

_TAKEN: Final = frozenset({"Accepted", "RebootRequired"})


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
        name.component.casefold() == COMPONENT
        and name.variable.casefold() == VARIABLE
        and (name.attribute or ACTUAL) == ACTUAL
    )
