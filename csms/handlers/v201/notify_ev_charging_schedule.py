"""NotifyEVChargingSchedule: how a car means to charge (K15, K17)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import natural
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    await services.notifications.record(
        charge_point,
        "charging_schedule",
        "a car tells how it means to charge",
        payload,
        received_at,
        evse_id=natural(payload, "evseId"),
    )
    return {"status": "Accepted"}  # K15.FR.11: no schedule was given that it could break
