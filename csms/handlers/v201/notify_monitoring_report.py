"""NotifyMonitoringReport: the monitors that are set (N02)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import flag, groups, integer, moment, natural
from csms.handlers.v201.monitors import read_monitors
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    monitors = [
        monitor
        for entry in groups(payload, "monitor")
        for monitor in read_monitors(charge_point.key, entry, received_at)
    ]
    await services.monitors.reported(charge_point, monitors)
    request_id = integer(payload, "requestId")
    if request_id is not None:
        await services.reports.received(
            charge_point,
            request_id,
            natural(payload, "seqNo") or 0,
            len(monitors),
            more=flag(payload, "tbc"),
            monitoring=True,
        )
    await services.notifications.record(
        charge_point,
        "monitoring_report",
        f"{len(monitors)} monitors reported",
        payload,
        received_at,
        at=moment(charge_point, payload, "generatedAt", received_at),
    )
    return {}
