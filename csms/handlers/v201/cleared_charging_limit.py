"""ClearedChargingLimit: an external limit was lifted (K13)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import natural, text
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    source = text(payload, "chargingLimitSource")
    await services.notifications.record(
        charge_point,
        "charging_limit_cleared",
        f"charging limit of {source or 'an unknown source'} was lifted",
        payload,
        received_at,
        evse_id=natural(payload, "evseId"),
    )
    return {}
