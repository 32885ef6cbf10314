"""Get15118EVCertificate: a car asks for its contract certificate (M01, M02)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.editions import Edition, edition_of
from csms.handlers.v201.fields import text
from csms.services.certificates.contract_pool import (
    ContractAction,
    ContractPoolError,
    ContractRequest,
)
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    action = text(payload, "action")
    edition = edition_of(charge_point)
    try:
        response = await _ask(services, edition, payload)
    except ContractPoolError as error:
        await services.notifications.record(
            charge_point,
            "ev_certificate",
            f"a car asks for its contract certificate ({action or 'no action given'}): {error}",
            payload,
            received_at,
            severity="warning",
        )
        info = {
            "reasonCode": "UnsupportedRequest",
            "additionalInfo": str(error)[: edition.info_length],
        }
        return {"status": "Failed", "statusInfo": info, "exiResponse": ""}
    await services.notifications.record(
        charge_point,
        "ev_certificate",
        f"a car got its contract certificate ({action})",
        {"action": action},
        received_at,
    )
    return {"status": "Accepted", "exiResponse": response}


async def _ask(services: Services, edition: Edition, payload: Payload) -> str:
    pool = services.certificates.pool
    if pool is None:
        raise ContractPoolError("no contract certificate pool is connected")
    schema, exi = text(payload, "iso15118SchemaVersion"), payload.get("exiRequest")
    try:
        action = ContractAction((text(payload, "action") or "").capitalize())
    except ValueError:
        raise ContractPoolError("it neither installs nor updates") from None
    if schema is None or not isinstance(exi, str):
        raise ContractPoolError("the car's request is missing")
    response = await pool.answer(ContractRequest(action, schema, exi))
    if len(response) > edition.exi_response_length:
        raise ContractPoolError("the pool's answer is too long for OCPP")
    return response
