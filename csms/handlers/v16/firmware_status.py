"""What both messages about a firmware update have in common."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from csms.handlers.v16.fields import text
from csms.services.charge_point import ChargePoint
from csms.services.operations.model import Kind
from csms.services.services import Services

_FAILURES: Final = frozenset(
    {
        "DownloadFailed",
        "InstallationFailed",
        "InstallVerificationFailed",
        "InvalidSignature",
    }
)


async def record_firmware_status(
    services: Services,
    charge_point: ChargePoint,
    payload: dict[str, Any],
    received_at: datetime,
    **details: Any,
) -> None:
    """Keep a firmware status; `details` are what one of the messages says besides."""
    status = text(payload, "status")
    await services.notifications.record(
        charge_point,
        "firmware_status",
        f"firmware: {status or 'no status given'}",
        {"status": status, **details},
        received_at,
        severity="warning" if status in _FAILURES else "info",
    )
    request_id = details.get("request_id")
    await services.operations.told(
        charge_point, Kind.FIRMWARE_UPDATE, status, request_id, received_at
    )
