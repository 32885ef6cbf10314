"""GetCertificateStatus: is this certificate revoked? (M06)"""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    await services.notifications.record(
        charge_point,
        "certificate_status",
        "asks whether a certificate is revoked, which cannot be told",
        payload,
        received_at,
        severity="warning",
    )
    return {  # M06.FR.04
        "status": "Failed",
        "statusInfo": {
            "reasonCode": "UnsupportedRequest",
            "additionalInfo": "no OCSP responder is asked by this server",
        },
    }
