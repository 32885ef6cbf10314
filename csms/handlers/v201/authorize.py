"""Authorize: may this token charge here?"""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.id_token import id_token_info, read_id_token
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    id_token = read_id_token(payload.get("idToken"))
    if payload.get("certificate") or payload.get("iso15118CertificateHashData"):
        return await _contract_certificate(services, charge_point, payload, received_at)
    if id_token is None:
        return {"idTokenInfo": {"status": "Invalid"}}
    authorization = await services.authorization.authorize(
        charge_point, id_token, received_at, starting=False
    )
    return {"idTokenInfo": id_token_info(authorization)}


async def _contract_certificate(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    """Refuse a contract certificate: this server has no roots or OCSP to check it with."""
    await services.notifications.record(
        charge_point,
        "contract_certificate",
        "a contract certificate was refused: it cannot be verified",
        payload,
        received_at,
        severity="warning",
    )
    # C07.FR.17: what cannot be verified is a CertChainError, and its token Invalid
    return {"idTokenInfo": {"status": "Invalid"}, "certificateStatus": "CertChainError"}
