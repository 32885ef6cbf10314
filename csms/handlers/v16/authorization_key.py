"""AuthorizationKey: the configuration key that holds a charge point's password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

KEY: Final = "authorizationkey"

_TAKEN: Final = frozenset({"Accepted", "RebootRequired"})


def read_new_password(
    action: str, payload: Mapping[str, Any], answer: dict[str, Any]
) -> str | None:
    """Return the password a charge point took with ChangeConfiguration (A01.FR.02)."""
    if action != "ChangeConfiguration" or answer.get("status") not in _TAKEN:
        return None
    value = payload["value"] if str(payload["key"]).casefold() == KEY else ""
    return str(value) or None
