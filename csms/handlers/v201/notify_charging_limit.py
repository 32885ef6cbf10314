"""NotifyChargingLimit: an external system limits the power (K11, K12)."""

from __future__ import annotations

from datetime import datetime, timedelta

from csms.handlers.charging_schedules import read_periods, read_unit
from csms.handlers.contract import Payload
from csms.handlers.v201.fields import Fields, flag, group, groups, natural, text
from csms.services.charge_point import ChargePoint
from csms.services.charging_reports import LimitReport
from csms.services.clocks import parse_time
from csms.services.services import Services
from csms.smart_charging.grid import Unit


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    limit = group(payload, "chargingLimit")
    schedules = groups(payload, "chargingSchedule")
    report = LimitReport(
        evse_id=natural(payload, "evseId") or 0,
        source=text(limit, "chargingLimitSource"),
        limit_a=_lowest(charge_point, schedules, "A", received_at),
        limit_w=_lowest(charge_point, schedules, "W", received_at),
        is_grid_critical=flag(limit, "isGridCritical"),
    )
    await services.charging_reports.external_limit(charge_point, report, payload, received_at)
    return {}


def _lowest(
    charge_point: ChargePoint, schedules: list[Fields], unit: Unit, received_at: datetime
) -> float | None:
    limits = [
        limit_at(charge_point, schedule, unit, received_at)
        for schedule in schedules
        if read_unit(schedule.get("chargingRateUnit")) == unit
    ]
    return min((limit for limit in limits if limit is not None), default=None)


def limit_at(
    charge_point: ChargePoint, schedule: Fields, unit: Unit, now: datetime
) -> float | None:
    """Return the limit in force, or the first one of a schedule that is yet to begin."""
    start = parse_time(text(schedule, "startSchedule"))
    offset = charge_point.clock.offset or timedelta()
    elapsed_s = 0.0 if start is None else (now - (start - offset)).total_seconds()
    periods = read_periods(schedule.get("chargingSchedulePeriod"), unit)
    begun = [period for period in periods if period.start_s <= elapsed_s] or list(periods[:1])
    return begun[-1].limit if begun else None
