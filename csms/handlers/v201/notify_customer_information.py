"""NotifyCustomerInformation: what a charging station knows of a customer (N09, N10)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import flag, integer, moment, natural
from csms.services.charge_point import ChargePoint
from csms.services.operations.model import Part
from csms.services.services import Services

_DATA_LENGTH: Final = 4096
"""Several times what the specification allows in one part."""


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    seq_no, request_id = natural(payload, "seqNo") or 0, integer(payload, "requestId")
    part = Part(seq_no, not flag(payload, "tbc"), _data(payload))
    known = await services.operations.customer_told(charge_point, request_id, part, received_at)
    # What it says is personal data: it is in the operation, which not everybody may read.
    unasked = "" if known else ", which nobody asked for"
    await services.notifications.record(
        charge_point,
        "customer_information",
        f"customer information, part {seq_no}{unasked}",
        {"request_id": request_id, "seq_no": seq_no, "is_last": part.is_last},
        received_at,
        at=moment(charge_point, payload, "generatedAt", received_at),
    )
    return {}


def _data(payload: Payload) -> str:
    """Return the text with its lines; other control characters can't be stored."""
    raw = payload.get("data")
    if not isinstance(raw, str):
        return ""
    return "".join(c for c in raw[:_DATA_LENGTH] if c.isprintable() or c in "\n\t")
