"""SignCertificate: a charging station asks for a certificate (A02, A03)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from csms.handlers.contract import Payload
from csms.handlers.editions import edition_of
from csms.handlers.v201.fields import integer, text
from csms.services.certificates.words import SigningUse
from csms.services.charge_point import ChargePoint
from csms.services.services import Services

_USES: Final = {use.value.casefold(): use for use in SigningUse}


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    csr = payload.get("csr")
    if not isinstance(csr, str) or not csr.strip():
        return {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidCSR"}}  # A02.FR.12
    # without a type it is for everything
    use = _USES.get((text(payload, "certificateType") or "").casefold())
    refusal = await services.certificates.signing.asked(
        charge_point, csr, use, received_at, integer(payload, "requestId")
    )
    if refusal is None:
        return {"status": "Accepted"}  # A02.FR.11, A03.FR.11
    longest = edition_of(charge_point).info_length
    info = {"reasonCode": "InvalidCSR", "additionalInfo": refusal[:longest]}
    return {"status": "Rejected", "statusInfo": info}
