"""LogStatusNotification, the same in 2.0.1 and the security extension of 1.6 (N01)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from csms.handlers.contract import Payload
from csms.handlers.numbers import read_int32
from csms.services.charge_point import ChargePoint
from csms.services.operations.model import Kind
from csms.services.services import Services

_FAILURES: Final = frozenset(
    {"BadMessage", "NotSupportedOperation", "PermissionDenied", "UploadFailure"}
)


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    told, request_id = payload.get("status"), read_int32(payload.get("requestId"))
    status = told if isinstance(told, str) else None
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
