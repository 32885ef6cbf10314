"""DataTransfer: a vendor's own message."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import text
from csms.services.charge_point import ChargePoint
from csms.services.data_transfer import DataTransfer
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    transfer = DataTransfer(
        vendor_id=text(payload, "vendorId") or "",
        message_id=text(payload, "messageId"),
        data=payload.get("data"),
    )
    answer = await services.data_transfer.receive(charge_point, transfer, received_at)
    response: Payload = {"status": answer.status}  # P02.FR.06, P02.FR.07
    if answer.data is not None:
        response["data"] = answer.data
    return response
