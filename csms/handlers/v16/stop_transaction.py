"""StopTransaction: recorded whatever it says, and never answered with an error."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from csms.handlers.contract import Payload
from csms.handlers.numbers import read_register_wh
from csms.handlers.v16.fields import integer, text
from csms.handlers.v16.id_tag_info import id_tag_info
from csms.handlers.v16.samples import read_samples
from csms.model import IdToken
from csms.services.charge_point import ChargePoint
from csms.services.services import Services
from csms.services.transactions.model import Stop

_NO_TRANSACTION_ID: Final = -1
"""What chargers themselves send when they never learned the id."""


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    id_tag = text(payload, "idTag")
    transaction_id = integer(payload, "transactionId")
    authorization = await services.transactions.stop(
        charge_point,
        Stop(
            _NO_TRANSACTION_ID if transaction_id is None else transaction_id,
            read_register_wh(payload.get("meterStop")),
            text(payload, "timestamp"),
            None if id_tag is None else IdToken.of(id_tag),
            text(payload, "reason"),
            read_samples(charge_point, payload.get("transactionData"), received_at),
        ),
        received_at,
    )
    return {} if authorization is None else {"idTagInfo": id_tag_info(authorization)}
