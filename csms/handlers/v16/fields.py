"""Fields of OCPP 1.6 payloads, read leniently: what can't be used counts as absent."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from csms.handlers.numbers import read_decimal
from csms.model import Place
from csms.services.charge_point import ChargePoint

INT32_MAX: Final = 2**31 - 1
"""OCPP 1.6 integers; what is larger is no number of a connector or a reservation."""

_PLACEHOLDERS: Final = re.compile(r"|null|0x0+", re.IGNORECASE)


def text(payload: dict[str, Any], key: str) -> str | None:
    """Return a text without surrounding space; None where it is absent or says nothing.

    Some chargers write "null" or "0x0000" for nothing, and numbers where text belongs.
    """
    value = payload.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return None
    if not value.isprintable():  # control characters and halves of pairs can't be stored
        value = "".join(c for c in value if c.isprintable() or c in "\n\r\t")
    value = value.strip()
    return None if _PLACEHOLDERS.fullmatch(value) else value


def integer(payload: dict[str, Any], key: str) -> int | None:
    """Return a 32-bit integer, also from text or a decimal without a fraction."""
    value = payload.get(key)
    if type(value) is not int:
        number = read_decimal(value)
        if number is None or abs(number) > INT32_MAX or number != int(number):
            return None
        value = int(number)
    return value if -INT32_MAX <= value <= INT32_MAX else None


def connector(payload: dict[str, Any]) -> int:
    """Return the connector's number; 0 (the whole charge point) where there is none."""
    number = integer(payload, "connectorId")
    return number if number is not None and number > 0 else 0


def place_of(connector_id: int) -> Place:
    """Connector n is EVSE n, connector 1; connector 0 is the charge point as a whole."""
    return Place(connector_id)


def only_connector(charge_point: ChargePoint) -> int | None:
    """Return the connector's number of a charge point that has shown a single one."""
    numbers = {place.evse_id for place in charge_point.connectors if place.evse_id > 0}
    return numbers.pop() if len(numbers) == 1 else None


def moment(charge_point: ChargePoint, payload: dict[str, Any], received_at: datetime) -> datetime:
    """Return when something happened: the charger's `timestamp`, corrected."""
    return charge_point.clock.read(text(payload, "timestamp"), received_at).at
