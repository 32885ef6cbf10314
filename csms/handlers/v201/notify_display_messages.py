"""NotifyDisplayMessages: the messages a charging station shows (O03, O04)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.display_messages import read_message
from csms.handlers.v201.fields import flag, groups, integer
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    told = [read_message(each) for each in groups(payload, "messageInfo")]
    messages = [each for each in told if each is not None]
    await services.notifications.record(
        charge_point,
        "display_messages",
        f"{len(messages)} display messages reported",
        payload,
        received_at,
    )
    await services.operations.display_told(
        charge_point,
        integer(payload, "requestId"),
        messages,
        received_at,
        is_last=not flag(payload, "tbc"),
    )
    return {}
