"""LogStatusNotification: how the upload of a log goes (N01)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import integer, text
from csms.services.charge_point import ChargePoint
from csms.services.operations.model import Kind
from csms.services.services import Services

_FAILURES: Final = frozenset(
    {"BadMessage", "NotSupportedOperation", "PermissionDenied", "UploadFailure"}
)


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    status, request_id = text(payload, "status"), integer(payload, "requestId")
    await services.notifications.record(
        charge_point,
        "log_status",
        f"log: {status or 'no status given'}",
        {"status": status, "request_id": request_id},
        received_at,
        severity="warning" if status in _FAILURES else "info",
    )
    await services.operations.told(charge_point, Kind.LOG, status, request_id, received_at)
    return {}
