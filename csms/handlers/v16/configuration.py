"""Configuration keys as a charge point lists them, in version-neutral words."""

from __future__ import annotations

from typing import Any

from csms.handlers.reading import listed
from csms.handlers.v16.fields import text
from csms.services.commands import CommandAnswer


def read_configuration(response: dict[str, Any], _: object) -> CommandAnswer:
    """Read the answer to GetConfiguration.

    Each result has `variable`, `value` (text, or None), `readonly` (None where not told) and
    `status`: Accepted, or UnknownVariable for a key that the charge point does not know. The
    answer counts as accepted unless every key that was asked for is unknown.
    """
    known = [_known(entry) for entry in listed(response.get("configurationKey"))]
    unknown = [_unknown(entry) for entry in listed(response.get("unknownKey"))]
    found = [result for result in known if result is not None]
    missing = [result for result in unknown if result is not None]
    accepted = bool(found) or not missing
    return CommandAnswer(
        "Accepted" if accepted else "UnknownKey", accepted, response, found + missing
    )


def _known(entry: object) -> dict[str, Any] | None:
    if not isinstance(entry, dict):
        return None
    key = text(entry, "key")
    if key is None:
        return None
    return {
        "variable": key,
        "value": _value(entry.get("value")),
        "readonly": _flag(entry.get("readonly")),
        "status": "Accepted",
    }


def _unknown(entry: object) -> dict[str, Any] | None:
    if not isinstance(entry, str):
        return None
    return {"variable": entry, "value": None, "readonly": None, "status": "UnknownVariable"}


def _value(raw: object) -> str | None:
    """A value as text, also where a charger wrote a number or a truth value."""
    if raw is None or isinstance(raw, str):
        return raw
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return str(raw)


def _flag(raw: object) -> bool | None:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str):
        return {"true": True, "false": False}.get(raw.strip().casefold())
    return None
