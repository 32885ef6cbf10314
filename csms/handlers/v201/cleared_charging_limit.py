"""ClearedChargingLimit: an external limit was lifted (K13)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import natural, text
from csms.services.charge_point import ChargePoint
from csms.services.charging_reports import LimitReport
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    report = LimitReport(
        evse_id=natural(payload, "evseId") or 0,
        source=text(payload, "chargingLimitSource"),
        is_over=True,
    )
    await services.charging_reports.external_limit(charge_point, report, payload, received_at)
    return {}
