"""NotifyMonitoringReport: the monitors that are set (N02)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import groups, moment
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    monitors = groups(payload, "monitor")
    await services.notifications.record(
        charge_point,
        "monitoring_report",
        f"{len(monitors)} monitored variables reported",
        payload,
        received_at,
        at=moment(charge_point, payload, "generatedAt", received_at),
    )
    return {}
