"""DiagnosticsStatusNotification: how the upload of diagnostics goes."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v16.fields import text
from csms.services.charge_point import ChargePoint
from csms.services.operations.model import Kind
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    status = text(payload, "status")
    await services.notifications.record(
        charge_point,
        "diagnostics_status",
        f"diagnostics: {status or 'no status given'}",
        {"status": status},
        received_at,
        severity="warning" if status == "UploadFailed" else "info",
    )
    await services.operations.told(charge_point, Kind.LOG, status, None, received_at)
    return {}
