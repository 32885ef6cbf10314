"""SignCertificate (security extension, A02, A03): a charge point asks for a certificate.

The request is kept for the operator, who has it signed and sends CertificateSigned.
"""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v16.fields import text
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    csr = text(payload, "csr")
    if csr is None:
        return {"status": "Rejected"}
    await services.notifications.record(
        charge_point,
        "sign_certificate",
        "asks for a certificate to be signed",
        {"csr": csr},
        received_at,
    )
    return {"status": "Accepted"}
