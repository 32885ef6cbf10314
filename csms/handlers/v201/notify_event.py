"""NotifyEvent: monitored variables and hardware tell what happened (N07, N08)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.connector_status import read_status
from csms.handlers.v201.fields import Fields, flag, group, groups, moment, natural, place, text
from csms.model import Place
from csms.services.charge_point import ChargePoint
from csms.services.charge_points import StatusReport
from csms.services.notifications import SEVERITIES, Severity
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    events = groups(payload, "eventData")
    for event in events:
        report = read_availability(event)
        known = charge_point.connectors.get(report.place) if report is not None else None
        # a charging station that also sends StatusNotification says nothing new here
        if report is not None and (known is None or known.status is not report.status):
            await services.charge_points.connector_status(charge_point, report, received_at)
    first: Fields = events[0] if events else {}
    evse_id, connector_id = place(group(first, "component"))
    severity = await _severity(services, charge_point, events)
    await services.notifications.record(
        charge_point,
        "event",
        _summary(events),
        payload,
        received_at,
        at=moment(charge_point, first, "timestamp", received_at),
        severity=severity,
        evse_id=evse_id,
        connector_id=connector_id,
    )
    return {}  # N07.FR.03, N08.FR.02


def read_availability(event: Fields) -> StatusReport | None:
    """Read a connector's status: AvailabilityState stands for StatusNotification (G01.FR.03)."""
    component = group(event, "component")
    if (
        text(component, "name") != "Connector"
        or text(group(event, "variable"), "name") != "AvailabilityState"
    ):
        return None
    status = read_status(event.get("actualValue"))
    evse_id, connector_id = place(component)
    if status is None or evse_id is None:
        return None
    return StatusReport(
        Place(evse_id, connector_id or 1), status, charger_time=text(event, "timestamp")
    )


async def _severity(
    services: Services, charge_point: ChargePoint, events: list[Fields]
) -> Severity:
    """Return the worst of all; each counts by what its monitor says."""
    found: list[Severity] = ["info"]
    for event in events:
        number = natural(event, "variableMonitoringId")
        alerting = _alerting(event)
        severity = await services.monitors.weigh(charge_point, number, alerting=alerting)
        services.monitors.count(severity)
        found.append(severity)
    return max(found, key=SEVERITIES.index)


def _alerting(event: Fields) -> bool:
    """Whether a threshold was crossed and still is."""
    return text(event, "trigger") == "Alerting" and not flag(event, "cleared")


def _summary(events: list[Fields]) -> str:
    if not events:
        return "an event that cannot be read"
    first = events[0]
    component = text(group(first, "component"), "name") or "unknown component"
    variable = text(group(first, "variable"), "name") or "unknown variable"
    value = text(first, "actualValue", 60) or ""
    more = f" (and {len(events) - 1} more)" if len(events) > 1 else ""
    return f"{component}.{variable} = {value!r}{more}"
