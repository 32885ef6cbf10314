"""Reading fields of a payload that may hold anything where the schema left a choice.

Nothing here raises: what can't be read counts as absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from csms.handlers.editions import V201
from csms.handlers.numbers import read_int32
from csms.services.charge_point import ChargePoint

Fields = Mapping[str, Any]

VERSION: Final = V201.name
NAME_LENGTH: Final = 100
"""Twice what the specification allows a name of the device model."""


def text(fields: Fields, key: str, limit: int = 255) -> str | None:
    """Return a text without control characters, or None; numbers are written out.

    "null" is what some chargers write for nothing.
    """
    value = fields.get(key)
    if type(value) is not str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        value = str(value)
    if not value.isprintable():
        value = "".join(c for c in value if c.isprintable())
    value = value.strip()[:limit]
    return None if not value or (len(value) == 4 and value.casefold() == "null") else value


def integer(fields: Fields, key: str) -> int | None:
    """Return a 32-bit integer, also one written as text or with a zero fraction."""
    return read_int32(fields.get(key))


def natural(fields: Fields, key: str) -> int | None:
    """Return an integer that is not negative: an EVSE, a connector, a sequence number."""
    number = integer(fields, key)
    return number if number is not None and number >= 0 else None


def flag(fields: Fields, key: str) -> bool:
    """Return whether a boolean is set; absent or unreadable means not."""
    value = fields.get(key)
    return value is True or (isinstance(value, str) and value.strip().casefold() == "true")


def group(fields: Fields, key: str) -> Fields:
    """Return a nested object, empty if there is none."""
    value = fields.get(key)
    return value if isinstance(value, dict) else {}


def groups(fields: Fields, key: str) -> list[Fields]:
    """Return the objects of an array; a bare object counts as an array of one."""
    value = fields.get(key)
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def place(fields: Fields) -> tuple[int | None, int | None]:
    """Return EVSE and connector of an `evse` object, each None if not given."""
    evse = group(fields, "evse")
    return natural(evse, "id"), natural(evse, "connectorId")


def moment(charge_point: ChargePoint, fields: Fields, key: str, received_at: datetime) -> datetime:
    """Return when something happened, by the charger's clock as far as that can be believed."""
    return charge_point.clock.read(text(fields, key), received_at).at
