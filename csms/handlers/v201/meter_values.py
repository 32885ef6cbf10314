"""MeterValues: readings that are not part of a transaction's own messages."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import natural
from csms.handlers.v201.samples import read_samples
from csms.services.charge_point import ChargePoint
from csms.services.services import Services
from csms.services.transactions.model import MeterReport


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    report = MeterReport(
        evse_id=natural(payload, "evseId") or 0,
        connector_id=1,  # 2.0.1 meters an EVSE, never a connector
        meter_values=read_samples(charge_point, payload.get("meterValue"), received_at),
    )
    await services.transactions.meter_values(charge_point, report, received_at)
    return {}
