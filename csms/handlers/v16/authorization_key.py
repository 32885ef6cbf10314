"""AuthorizationKey: the configuration key that holds a charge point's password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from csms.errors import InvalidValueError
from csms.handlers.phrasebook import reader
from csms.services.charge_point import ChargePoint
from csms.services.commands import Outgoing, SetPassword

KEY: Final = "AuthorizationKey"
MAX_LENGTH: Final = 40

_TAKEN: Final = ("Accepted", "RebootRequired")


def set_password(_: ChargePoint, command: SetPassword) -> Outgoing:
    if len(command.password) > MAX_LENGTH:
        allowed = f"at most {MAX_LENGTH} characters in OCPP 1.6"
        raise InvalidValueError("password", None, allowed)
    payload = {"key": KEY, "value": command.password}
    return Outgoing("ChangeConfiguration", payload, reader(*_TAKEN))


def read_new_password(
    action: str, payload: Mapping[str, Any], answer: dict[str, Any]
) -> str | None:
    """Return the password a charge point took with ChangeConfiguration (A01.FR.02)."""
    if action != "ChangeConfiguration" or answer.get("status") not in _TAKEN:
        return None
    value = payload["value"] if str(payload["key"]).casefold() == KEY.casefold() else ""
    return str(value) or None
