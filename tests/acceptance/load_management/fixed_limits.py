"""Steering without load management: an operator writes each charger's limit by the raw door."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fake_chargepoints.garage_site import GarageEvse, GarageSite
from running import Running


async def fix_limits(server: Running, site: GarageSite, limits_a: Mapping[str, float]) -> None:
    """Give the EVSEs of these charge points a standing TxDefaultProfile."""
    for evse in site.evses:
        if evse.charge_point_id in limits_a:
            body = standing_profile(evse, limits_a[evse.charge_point_id])
            path = f"/charge-points/{evse.charge_point_id}/calls/SetChargingProfile"
            answer = await server.post(path, body)
            assert answer["status"] == "Accepted", answer


def standing_profile(evse: GarageEvse, limit_a: float) -> dict[str, Any]:
    periods = [{"startPeriod": 0, "limit": math.floor(limit_a * 10) / 10}]
    schedule = {
        "chargingRateUnit": "A",
        "startSchedule": "2020-01-01T00:00:00Z",
        "chargingSchedulePeriod": periods,
    }
    profile = {
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
    }
    if evse.version == "1.6":
        profile |= {"chargingProfileId": evse.evse_id, "chargingSchedule": schedule}
        return {"connectorId": evse.evse_id, "csChargingProfiles": profile}
    profile |= {"id": evse.evse_id, "chargingSchedule": [{"id": 1, **schedule}]}
    return {"evseId": evse.evse_id, "chargingProfile": profile}
