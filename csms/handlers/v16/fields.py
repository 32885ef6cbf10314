"""Fields of OCPP 1.6 payloads, read leniently: what can't be used counts as absent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from csms.errors import InvalidValueError
from csms.handlers.numbers import INT32_MAX, read_int32
from csms.model import Place
from csms.services.charge_point import ChargePoint

VERSION: Final = "OCPP 1.6"
KEY_MAX_LENGTH: Final = 50

_PLACEHOLDERS: Final = re.compile(r"|null|0x0+", re.IGNORECASE)


def text(payload: dict[str, Any], key: str) -> str | None:
    """Return a text without surrounding space; None where it is absent or says nothing.

    Some chargers write "null" or "0x0000" for nothing, and numbers where text belongs.
    """
    value = payload.get(key)
    if type(value) is not str:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return str(value) if is_number else None
    if not value.isprintable():  # control characters and halves of pairs can't be stored
        value = "".join(c for c in value if c.isprintable() or c in "\n\r\t")
    value = value.strip()
    return None if _PLACEHOLDERS.fullmatch(value) else value


def integer(payload: Mapping[str, Any], key: str) -> int | None:
    """Return a 32-bit integer, also from text or a decimal without a fraction."""
    return read_int32(payload.get(key))


def connector(payload: dict[str, Any]) -> int:
    """Return the connector's number; 0 (the whole charge point) where there is none."""
    number = integer(payload, "connectorId")
    return number if number is not None and number > 0 else 0


def place_of(connector_id: int) -> Place:
    """Connector n is EVSE n, connector 1; connector 0 is the charge point as a whole."""
    return Place(connector_id)


def moment(charge_point: ChargePoint, payload: dict[str, Any], received_at: datetime) -> datetime:
    """Return when something happened: the charger's `timestamp`, corrected."""
    return charge_point.clock.read(text(payload, "timestamp"), received_at).at


def connector_of(evse_id: int, connector_id: int | None = None) -> int:
    """Return the connector's number for an EVSE; raises InvalidValueError."""
    if not 0 < evse_id <= INT32_MAX:
        raise InvalidValueError("evse_id", evse_id, "an EVSE's number, 1 or more")
    if connector_id not in (None, 1):
        raise InvalidValueError(
            "connector_id", connector_id, f"1: in {VERSION} each connector is an EVSE of its own"
        )
    return evse_id


def transaction_number(
    charge_point: ChargePoint, transaction_id: int | None, ocpp_transaction_id: str
) -> int:
    """Return the number by which a charger knows a transaction; raises InvalidValueError.

    It is ours, unless the charger only knows the one that it made up itself.
    """
    text = ocpp_transaction_id
    transaction = charge_point.open_transactions.get(transaction_id or 0)
    if transaction is not None and transaction.claimed_id is not None:
        text = transaction.claimed_id
    number = read_int32(text)
    if number is None:
        raise InvalidValueError("ocpp_transaction_id", text, f"a 32-bit integer in {VERSION}")
    return number
