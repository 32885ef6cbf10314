"""BatterySwap: batteries went in, came out, or were left in the station (S01 to S03)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import groups, integer, text
from csms.handlers.v201.id_token import read_id_token
from csms.services.charge_point import ChargePoint
from csms.services.services import Services
from csms.services.station_records import BatterySwapEvent


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    token = read_id_token(payload.get("idToken"))
    swap = BatterySwapEvent(
        charge_point_key=charge_point.key,
        event=text(payload, "eventType") or "",
        received_at=received_at,
        request_id=integer(payload, "requestId"),
        id_token=None if token is None else token.value,
        id_token_type=None if token is None else token.type,
        batteries=tuple(dict(each) for each in groups(payload, "batteryData")),
    )
    await services.stations.battery_swaps.swapped(charge_point, swap, payload)
    return {}
