"""SignedFirmwareStatusNotification (security extension, L01): how a signed update goes."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v16.fields import integer
from csms.handlers.v16.firmware_status import record_firmware_status
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    await record_firmware_status(
        services, charge_point, payload, received_at, request_id=integer(payload, "requestId")
    )
    return {}
