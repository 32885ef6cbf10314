"""NotifyDERAlarm: a setting reacts to a fault of the grid (R05)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import flag, moment, text
from csms.services.charge_point import ChargePoint
from csms.services.services import Services
from csms.services.stations.energy_controls import DerAlarm


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    alarm = DerAlarm(
        control_type=text(payload, "controlType") or "a setting",
        fault=text(payload, "gridEventFault"),
        is_over=flag(payload, "alarmEnded"),
        at=moment(charge_point, payload, "timestamp", received_at),
    )
    await services.stations.der_controls.alarm(charge_point, alarm, payload, received_at)
    return {}
