"""ReportDERControl: settings for distributed energy resources, part by part (R04)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v21.der_controls import read_reported
from csms.handlers.v201.fields import flag
from csms.services.charge_point import ChargePoint
from csms.services.services import Services
from csms.services.stations.energy_controls import DerReport


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    controls = tuple(read_reported(charge_point.key, payload, received_at))
    report = DerReport(controls=controls, is_last=not flag(payload, "tbc"))
    await services.stations.der_controls.reported(charge_point, report, payload, received_at)
    return {}
