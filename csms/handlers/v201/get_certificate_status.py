"""GetCertificateStatus: is this certificate revoked? (M06)"""

from __future__ import annotations

import base64
from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.editions import Edition, edition_of
from csms.handlers.v201.fields import group
from csms.handlers.v201.ocsp_questions import read_question
from csms.services.certificates.ocsp import OcspAnswer, OcspError
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    edition = edition_of(charge_point)
    try:
        question = read_question(group(payload, "ocspRequestData"))
        answer = await services.certificates.revocation.ask(charge_point, question)
        result = _written(edition, answer)
    except OcspError as error:
        await services.notifications.record(
            charge_point,
            "certificate_status",
            f"asks whether a certificate is revoked, which cannot be told: {error}",
            payload,
            received_at,
            severity="warning",
        )
        info = {"reasonCode": "InternalError", "additionalInfo": str(error)[: edition.info_length]}
        return {"status": "Failed", "statusInfo": info}  # M06.FR.04
    await services.notifications.record(
        charge_point,
        "certificate_status",
        f"asks whether a certificate is revoked: {answer.status.name.lower()}",
        payload,
        received_at,
    )
    return {"status": "Accepted", "ocspResult": result}  # M06.FR.02, M06.FR.03


def _written(edition: Edition, answer: OcspAnswer) -> str:
    """Return the response as DER in base64 (M06.FR.08, M06.FR.09); raises OcspError."""
    result = base64.b64encode(answer.der).decode()
    if len(result) > edition.ocsp_result_length:
        raise OcspError("the responder's answer is too long for OCPP")
    return result
