"""Orders that take a charge point time, as OCPP 1.6 and its security extension write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csms.handlers.log_upload import read_log
from csms.handlers.raw_orders import firmware_order, get_log_order, log_order, read_yes
from csms.handlers.v16.diagnostics import read_diagnostics
from csms.handlers.v16.firmware import read_empty
from csms.services.operations.raw_orders import RawOrder


def read_order(action: str, payload: Mapping[str, Any]) -> RawOrder | None:
    """See `csms.services.operations.raw_orders.RawOrderReader`."""
    match action:
        case "UpdateFirmware":
            return firmware_order(payload, payload, read_empty)
        case "SignedUpdateFirmware":
            firmware = payload.get("firmware")
            return firmware_order(payload, firmware if isinstance(firmware, dict) else {}, read_yes)
        case "GetLog":
            return get_log_order(payload, read_log)
        case "GetDiagnostics":
            return log_order(
                payload,
                read_diagnostics,
                location=payload.get("location"),
                since=payload.get("startTime"),
                until=payload.get("stopTime"),
            )
    return None
