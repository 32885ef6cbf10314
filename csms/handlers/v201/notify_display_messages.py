"""NotifyDisplayMessages: the messages a charging station shows (O03, O04)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import groups
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    count = len(groups(payload, "messageInfo"))
    await services.notifications.record(
        charge_point,
        "display_messages",
        f"{count} display messages reported",
        payload,
        received_at,
    )
    return {}
