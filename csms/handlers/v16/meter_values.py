"""MeterValues: readings, in a transaction or not."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v16.fields import connector, integer
from csms.handlers.v16.samples import read_samples
from csms.services.charge_point import ChargePoint
from csms.services.services import Services
from csms.services.transactions.model import MeterReport


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    await services.transactions.meter_values(
        charge_point,
        MeterReport(
            connector(payload),
            1,
            read_samples(charge_point, payload.get("meterValue"), received_at),
            integer(payload, "transactionId"),
        ),
        received_at,
    )
    return {}
