"""Get15118EVCertificate: a car asks for its contract certificate (M01, M02)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import text
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    action = text(payload, "action")
    await services.notifications.record(
        charge_point,
        "ev_certificate",
        f"a car asks for its contract certificate ({action or 'no action given'})",
        payload,
        received_at,
        severity="warning",
    )
    return {  # no certificate pool is connected, so there is nothing to answer the car with
        "status": "Failed",
        "statusInfo": {
            "reasonCode": "UnsupportedRequest",
            "additionalInfo": "no contract certificate pool is connected",
        },
        "exiResponse": "",
    }
