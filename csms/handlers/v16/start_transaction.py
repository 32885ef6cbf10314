"""StartTransaction: recorded whatever it says; the answer tells whether charging is allowed."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.numbers import read_register_wh
from csms.handlers.v16.fields import connector, integer, text
from csms.handlers.v16.id_tag_info import id_tag_info
from csms.model import IdToken
from csms.services.charge_point import ChargePoint
from csms.services.services import Services
from csms.services.transactions.model import Start


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    # A transaction always has a connector: without a number it is the only one, or the first.
    connector_id = connector(payload) or charge_point.only_evse_id or 1
    answer = await services.transactions.start(
        charge_point,
        Start(
            connector_id,
            1,
            IdToken.of(text(payload, "idTag") or ""),
            read_register_wh(payload.get("meterStart")),
            text(payload, "timestamp"),
            integer(payload, "reservationId"),
        ),
        received_at,
    )
    return {
        "idTagInfo": id_tag_info(answer.authorization),
        "transactionId": answer.transaction_id,
    }
