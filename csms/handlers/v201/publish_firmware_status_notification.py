"""PublishFirmwareStatusNotification: a local controller passes firmware on (L03)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from csms.handlers.contract import Payload
from csms.handlers.firmware import LOCATION_LENGTH
from csms.handlers.v201.fields import integer, text
from csms.services.charge_point import ChargePoint
from csms.services.operations.model import Kind
from csms.services.services import Services

_FAILURES: Final = frozenset({"DownloadFailed", "InvalidChecksum", "PublishFailed"})
_MAX_LOCATIONS: Final = 10


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    status, request_id = text(payload, "status"), integer(payload, "requestId")
    locations = _locations(payload)
    await services.notifications.record(
        charge_point,
        "publish_firmware_status",
        f"publishing firmware: {status or 'no status given'}",
        {
            "status": status,
            "location": locations,
            "request_id": request_id,
        },
        received_at,
        severity="warning" if status in _FAILURES else "info",
    )
    result = {"locations": locations} if locations else {}
    await services.operations.told(
        charge_point, Kind.FIRMWARE_PUBLICATION, status, request_id, received_at, **result
    )
    return {}


def _locations(payload: Payload) -> list[str]:
    """Return the addresses of the published firmware, one for each protocol (L03.FR.04)."""
    raw = payload.get("location")
    told = raw if isinstance(raw, list) else [raw]
    return [each[:LOCATION_LENGTH] for each in told if isinstance(each, str)][:_MAX_LOCATIONS]
