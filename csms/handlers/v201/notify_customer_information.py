"""NotifyCustomerInformation: what a charging station knows of a customer (N09, N10)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import integer, moment
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    await services.notifications.record(
        charge_point,
        "customer_information",
        f"customer information, part {integer(payload, 'seqNo') or 0}",
        payload,
        received_at,
        at=moment(charge_point, payload, "generatedAt", received_at),
    )
    return {}
