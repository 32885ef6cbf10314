"""NotifyChargingLimit: an external system limits the power (K11, K12)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import flag, group, natural, text
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    limit = group(payload, "chargingLimit")
    source = text(limit, "chargingLimitSource")
    await services.notifications.record(
        charge_point,
        "charging_limit",
        f"charging limit set by {source or 'an unknown source'}",
        payload,
        received_at,
        severity="warning" if flag(limit, "isGridCritical") else "info",
        evse_id=natural(payload, "evseId"),
    )
    return {}
