"""SignCertificate (security extension, A02, A03): a charge point asks for a certificate."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v16.fields import text
from csms.services.certificates.words import SigningUse
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    csr = text(payload, "csr")
    if csr is None:
        return {"status": "Rejected"}
    signing = services.certificates.signing
    refusal = await signing.asked(charge_point, csr, SigningUse.CHARGE_POINT, received_at)
    return {"status": "Accepted" if refusal is None else "Rejected"}
