"""NotifyChargingLimit: in 2.1 it may also tell of power that is there beside the grid (K12)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201 import notify_charging_limit
from csms.handlers.v201.fields import flag, group, natural, text
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    limit = group(payload, "chargingLimit")
    if not flag(limit, "isLocalGeneration"):
        return await notify_charging_limit.handle(services, charge_point, payload, received_at)
    # more power, not less: nothing is limited by it
    source = text(limit, "chargingLimitSource") or "an unknown source"
    await services.notifications.record(
        charge_point,
        "local_generation",
        f"power generated on site, told by {source}",
        payload,
        received_at,
        evse_id=natural(payload, "evseId"),
    )
    return {}
