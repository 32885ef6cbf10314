"""SignCertificate: a charging station asks for a certificate (A02, A03).

The request is kept for the operator, who has it signed and sends CertificateSigned.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import text
from csms.services.charge_point import ChargePoint
from csms.services.services import Services

_DEFAULT_TYPE: Final = "ChargingStationCertificate"
"""What an absent type means."""


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    csr = payload.get("csr")
    if not isinstance(csr, str) or not csr.strip():
        return {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidCSR"}}  # A02.FR.12
    kind = text(payload, "certificateType") or _DEFAULT_TYPE
    await services.notifications.record(
        charge_point,
        "sign_certificate",
        f"asks for a {kind} to be signed",
        {"csr": csr, "certificate_type": kind},
        received_at,
    )
    return {"status": "Accepted"}  # A02.FR.11, A03.FR.11
