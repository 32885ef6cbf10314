"""NotifyEVChargingSchedule: how a car means to charge (K15, K17)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.charging_schedules import read_periods, read_unit
from csms.handlers.contract import Payload
from csms.handlers.v201.fields import group, natural
from csms.services.charge_point import ChargePoint
from csms.services.charging_reports import CarSchedule
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    evse_id, meant = natural(payload, "evseId"), read_schedule(payload)
    reports = services.charging_reports
    may = await reports.schedule(charge_point, evse_id, meant, payload, received_at)
    return {"status": "Accepted" if may else "Rejected"}  # K15.FR.11, K15.FR.12


def read_schedule(payload: Payload) -> CarSchedule | None:
    """Read the highest limit in it; None if it has none."""
    schedule = group(payload, "chargingSchedule")
    unit = read_unit(schedule.get("chargingRateUnit")) or "A"
    periods = read_periods(schedule.get("chargingSchedulePeriod"), unit)
    if not periods:
        return None
    highest = max(periods, key=lambda period: period.limit)
    return CarSchedule(
        evse_id=natural(payload, "evseId") or 0,
        highest=highest.limit,
        unit=unit,
        phases=highest.phases,
    )
