"""Orders that take a charging station time, as OCPP 2.0.1 and 2.1 write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from csms.handlers import certificate_hashes
from csms.handlers.log_upload import read_log
from csms.handlers.raw_orders import firmware_order, get_log_order, publication_order, read_yes
from csms.handlers.v201.fields import flag, group, integer, text
from csms.services.operations.model import Kind
from csms.services.operations.raw_orders import RawOrder


def read_order(action: str, payload: Mapping[str, Any]) -> RawOrder | None:
    """See `csms.services.operations.raw_orders.RawOrderReader`."""
    match action:
        case "UpdateFirmware":
            return firmware_order(payload, group(payload, "firmware"), read_yes)
        case "PublishFirmware":
            return publication_order(payload, read_yes)
        case "GetLog":
            return get_log_order(payload, read_log)
        case "CustomerInformation":
            return _customer(payload)
        case "GetDisplayMessages":
            return _display(payload)
    return None


def _customer(payload: Mapping[str, Any]) -> RawOrder:
    certificate = certificate_hashes.read(payload.get("customerCertificate"))
    return RawOrder(
        kind=Kind.CUSTOMER_INFORMATION,
        request_id=integer(payload, "requestId"),
        request={
            "report": flag(payload, "report"),
            "clear": flag(payload, "clear"),
            "id_token": text(group(payload, "idToken"), "idToken"),
            "customer_id": text(payload, "customerIdentifier"),
            "certificate": None if certificate is None else asdict(certificate),
        },
        read=read_yes,
    )


def _display(payload: Mapping[str, Any]) -> RawOrder:
    ids = payload.get("id")
    criteria: dict[str, Any] = {
        "message_ids": ids if isinstance(ids, list) else [],
        "priority": text(payload, "priority"),
        "state": text(payload, "state"),
    }
    return RawOrder(
        kind=Kind.DISPLAY_MESSAGES,
        request_id=integer(payload, "requestId"),
        request={**criteria, "all": not any(criteria.values())},
        read=read_yes,
    )
