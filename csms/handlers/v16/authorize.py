"""Authorize: may this id tag charge here?"""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import CallRefusedError, Payload, Refusal
from csms.handlers.v16.fields import text
from csms.handlers.v16.id_tag_info import id_tag_info
from csms.model import IdToken
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    id_tag = text(payload, "idTag")
    if id_tag is None:
        raise CallRefusedError(Refusal.OCCURRENCE_CONSTRAINT_VIOLATION, "idTag is missing")
    authorization = await services.authorization.authorize(
        charge_point, IdToken.of(id_tag), received_at, starting=False
    )
    return {"idTagInfo": id_tag_info(authorization)}
