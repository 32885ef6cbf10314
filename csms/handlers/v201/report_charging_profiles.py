"""ReportChargingProfiles: the charging profiles that are installed (K09)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import groups, natural, text
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    profiles = groups(payload, "chargingProfile")
    source = text(payload, "chargingLimitSource")
    await services.notifications.record(
        charge_point,
        "charging_profiles",
        f"{len(profiles)} charging profiles of {source or 'an unknown source'} reported",
        payload,
        received_at,
        evse_id=natural(payload, "evseId"),
    )
    return {}
