"""Heartbeat: what time is it?"""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.services.charge_point import ChargePoint
from csms.services.clocks import format_time
from csms.services.services import Services


async def handle(
    services: Services,
    charge_point: ChargePoint,  # noqa: ARG001 - the gateway notes that it is alive
    payload: Payload,  # noqa: ARG001
    received_at: datetime,  # noqa: ARG001
) -> Payload:
    return {"currentTime": format_time(services.clock.now())}  # G02.FR.03
