"""NotifyReport: the device model, part by part (B07, B08)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.device_model import read_entry
from csms.handlers.v201.fields import flag, groups, integer, moment, natural
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    variables = [
        value
        for entry in groups(payload, "reportData")
        for value in read_entry(charge_point.key, entry, received_at)
    ]
    await services.notifications.record_variables(variables)
    request_id = integer(payload, "requestId")
    part = natural(payload, "seqNo") or 0  # B07.FR.10: the first part is 0
    more = flag(payload, "tbc")
    if request_id is not None:
        await services.reports.received(charge_point, request_id, part, len(variables), more=more)
    if not more:
        await services.notifications.record(
            charge_point,
            "report",
            "a report of the device model is complete",
            {"request_id": request_id, "parts": part + 1},
            received_at,
            at=moment(charge_point, payload, "generatedAt", received_at),
        )
    return {}
