"""PublishFirmwareStatusNotification: a local controller passes firmware on (L03)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import integer, text
from csms.services.charge_point import ChargePoint
from csms.services.services import Services

_FAILURES: Final = frozenset({"DownloadFailed", "InvalidChecksum", "PublishFailed"})


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    status = text(payload, "status")
    await services.notifications.record(
        charge_point,
        "publish_firmware_status",
        f"publishing firmware: {status or 'no status given'}",
        {
            "status": status,
            "location": payload.get("location"),  # L03.FR.04: one address for each protocol
            "request_id": integer(payload, "requestId"),
        },
        received_at,
        severity="warning" if status in _FAILURES else "info",
    )
    return {}
