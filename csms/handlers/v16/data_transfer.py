"""DataTransfer: a vendor's own message."""

from __future__ import annotations

from datetime import datetime

import orjson

from csms.handlers.contract import Payload
from csms.handlers.v16.fields import text
from csms.services.charge_point import ChargePoint
from csms.services.data_transfer import DataTransfer
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    answer = await services.data_transfer.receive(
        charge_point,
        DataTransfer(
            text(payload, "vendorId") or "", text(payload, "messageId"), payload.get("data")
        ),
        received_at,
    )
    response: Payload = {"status": answer.status}
    if answer.data is not None:  # text is all that 1.6 can carry
        data = answer.data
        response["data"] = data if isinstance(data, str) else orjson.dumps(data).decode()
    return response
