"""NotifyEVChargingNeeds: what a car asks for over ISO 15118 (K15, K17)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import group, natural, text
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    transfer = text(group(payload, "chargingNeeds"), "requestedEnergyTransfer")
    await services.notifications.record(
        charge_point,
        "charging_needs",
        f"a car tells what it needs ({transfer or 'no way of transfer given'})",
        payload,
        received_at,
        evse_id=natural(payload, "evseId"),
    )
    return {  # K15.FR.04, K17.FR.04: Accepted or Processing would promise a schedule
        "status": "Rejected",
        "statusInfo": {
            "reasonCode": "UnsupportedRequest",
            "additionalInfo": "no schedule is made for the needs of single cars",
        },
    }
