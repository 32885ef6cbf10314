"""ClosePeriodicEventStream: a stream has ended (N13)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import natural
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    stream_id = natural(payload, "id")
    if stream_id is not None:
        await services.stations.event_streams.closed(charge_point, stream_id, received_at)
    return {}
