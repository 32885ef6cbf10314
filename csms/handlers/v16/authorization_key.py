"""AuthorizationKey: the configuration key that holds a charge point's password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from csms.errors import InvalidValueError
from csms.handlers.phrasebook import reader
from csms.services.charge_point import ChargePoint
from csms.services.commands import Outgoing, SetPassword
from csms.services.password_changes import PasswordWords, Verdict, verdict_of

KEY: Final = "AuthorizationKey"
MAX_LENGTH: Final = 40

_TAKEN: Final = ("Accepted", "RebootRequired")


def set_password(_: ChargePoint, command: SetPassword) -> Outgoing:
    if len(command.password) > MAX_LENGTH:
        allowed = f"at most {MAX_LENGTH} characters in OCPP 1.6"
        raise InvalidValueError("password", None, allowed)
    payload = {"key": KEY, "value": command.password}
    return Outgoing("ChangeConfiguration", payload, reader(*_TAKEN))


def read_sent(action: str, payload: Mapping[str, Any]) -> str | None:
    if action != "ChangeConfiguration" or str(payload.get("key")).casefold() != KEY.casefold():
        return None
    value = payload.get("value")
    return value if isinstance(value, str) and value else None


def read_verdict(answer: Mapping[str, Any]) -> Verdict:
    return verdict_of([answer.get("status")])


WORDS: Final = PasswordWords(read_sent, read_verdict)
"""A password as ChangeConfiguration carries it (A01.FR.02)."""
