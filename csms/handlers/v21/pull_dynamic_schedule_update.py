"""PullDynamicScheduleUpdate: what is in force for a dynamic charging profile now? (K28)"""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import integer
from csms.services.charge_point import ChargePoint
from csms.services.services import Services

_UNKNOWN = {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidProfile"}}


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, _: datetime
) -> Payload:
    profile_id = integer(payload, "chargingProfileId")
    if profile_id is None:
        return _UNKNOWN
    limits = await services.stations.dynamic_schedules.dynamic_limits(charge_point.key, profile_id)
    if limits is None:
        return _UNKNOWN  # K28.FR.12
    return {"scheduleUpdate": limits, "status": "Accepted"}  # K28.FR.07
