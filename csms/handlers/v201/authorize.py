"""Authorize: may this token charge here?"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from csms.handlers.contract import Payload
from csms.handlers.editions import edition_of
from csms.handlers.v201.fields import groups
from csms.handlers.v201.id_token import id_token_info, read_id_token
from csms.handlers.v201.ocsp_questions import read_question
from csms.model import AuthorizationStatus, IdToken
from csms.services.certificates.contracts import ContractStatus, ContractVerdict
from csms.services.certificates.ocsp import OcspError
from csms.services.charge_point import ChargePoint
from csms.services.services import Services

_CANCELLED: Final = frozenset(
    {
        AuthorizationStatus.BLOCKED,
        AuthorizationStatus.EXPIRED,
        AuthorizationStatus.INVALID,
        AuthorizationStatus.UNKNOWN,
    }
)
"""A good certificate, but the contract is not (C07.FR.13)."""


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    id_token = read_id_token(payload.get("idToken"))
    if id_token is None:
        return {"idTokenInfo": {"status": "Invalid"}}
    if payload.get("certificate") or payload.get("iso15118CertificateHashData"):
        return await _contract(services, charge_point, payload, id_token, received_at)
    authorization = await services.authorization.authorize(
        charge_point, id_token, received_at, starting=False
    )
    return {"idTokenInfo": id_token_info(edition_of(charge_point), authorization)}


async def _contract(
    services: Services,
    charge_point: ChargePoint,
    payload: Payload,
    id_token: IdToken,
    received_at: datetime,
) -> Payload:
    """Judge the certificate of a contract first, then who it stands for (C07)."""
    certificate = payload.get("certificate")
    chain = certificate if isinstance(certificate, str) and certificate else None
    try:
        questions = [read_question(each) for each in groups(payload, "iso15118CertificateHashData")]
        verdict = await services.certificates.contracts.check(
            charge_point, id_token, questions, chain, received_at
        )
    except OcspError as error:
        verdict = ContractVerdict(ContractStatus.NOT_VERIFIED, str(error))
    if not verdict.accepted:
        await services.notifications.record(
            charge_point,
            "contract_certificate",
            f"a contract certificate was refused: {verdict.reason}",
            {"certificate_status": verdict.status, **payload},
            received_at,
            severity="warning",
        )
        expired = verdict.status is ContractStatus.EXPIRED  # C07.FR.15; C07.FR.16, C07.FR.17
        status = AuthorizationStatus.EXPIRED if expired else AuthorizationStatus.INVALID
        info = {"status": status.value}
        return {"idTokenInfo": info, "certificateStatus": verdict.status.value}
    authorization = await services.authorization.authorize(
        charge_point, id_token, received_at, starting=False
    )
    cancelled = authorization.status in _CANCELLED
    return {
        "idTokenInfo": id_token_info(edition_of(charge_point), authorization),
        "certificateStatus": "ContractCancelled" if cancelled else verdict.status.value,
    }
