"""Orders about monitors, and what is told of them (N01-N06)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from csms.errors import InvalidValueError
from csms.handlers.contract import Payload
from csms.handlers.editions import Edition, edition_of
from csms.handlers.phrasebook import reader
from csms.handlers.v201.addressing import component_named, named
from csms.handlers.v201.answers import read_cleared_monitors, read_set_monitors
from csms.handlers.v201.device_model import read_name
from csms.handlers.v201.fields import Fields, flag, groups, integer, natural, text
from csms.services.charge_point import ChargePoint
from csms.services.commands import Outgoing
from csms.services.provisioning.monitors import MonitorChange
from csms.services.provisioning.words import (
    ClearMonitors,
    GetMonitoringReport,
    MonitoringBase,
    NewMonitor,
    SetMonitoringBase,
    SetMonitoringLevel,
    SetMonitors,
    VariableName,
)
from csms.services.records import VariableMonitor

MAX_SEVERITY: Final = 9
UNKNOWN_SEVERITY: Final = 8


def set_monitors(charge_point: ChargePoint, command: SetMonitors) -> Outgoing:
    edition = edition_of(charge_point)
    data = [_monitor(edition, monitor) for monitor in command.monitors]
    return Outgoing("SetVariableMonitoring", {"setMonitoringData": data}, read_set_monitors)


def clear_monitors(_: ChargePoint, command: ClearMonitors) -> Outgoing:
    return Outgoing(
        "ClearVariableMonitoring", {"id": list(command.monitor_ids)}, read_cleared_monitors
    )


def set_monitoring_base(_: ChargePoint, command: SetMonitoringBase) -> Outgoing:
    return Outgoing("SetMonitoringBase", {"monitoringBase": command.base.value}, reader("Accepted"))


def set_monitoring_level(_: ChargePoint, command: SetMonitoringLevel) -> Outgoing:
    payload = {"severity": _severity(command.severity)}
    return Outgoing("SetMonitoringLevel", payload, reader("Accepted"))


def get_monitoring_report(charge_point: ChargePoint, command: GetMonitoringReport) -> Outgoing:
    payload: Payload = {}
    if command.names:
        edition = edition_of(charge_point)
        payload["componentVariable"] = [component_named(edition, name) for name in command.names]
    payload["requestId"] = command.request_id
    if command.criteria:  # N02.FR.11: without, all are reported
        payload["monitoringCriteria"] = [criterion.value for criterion in command.criteria]
    results = ({"request_id": command.request_id},)
    return Outgoing("GetMonitoringReport", payload, reader("Accepted", results=results))


def read_monitors(
    charge_point_key: int, entry: Fields, received_at: datetime
) -> Iterator[VariableMonitor]:
    """Read the monitors of one variable in a report."""
    name = read_name(entry)
    for told in groups(entry, "variableMonitoring"):
        monitor_id = natural(told, "id")
        if monitor_id is not None:
            yield _record(charge_point_key, name, told, monitor_id, received_at, is_ours=None)


def read_changes(
    charge_point_key: int,
    action: str,
    payload: Mapping[str, Any],
    answer: dict[str, Any],
    received_at: datetime,
) -> MonitorChange | None:
    """Return what an answer says about the monitors that are set; None if nothing."""
    if action == "SetVariableMonitoring":
        return MonitorChange(set_=_taken(charge_point_key, payload, answer, received_at))
    if action == "ClearVariableMonitoring":
        gone = [
            number
            for each in groups(answer, "clearMonitoringResult")
            if text(each, "status") in ("Accepted", "NotFound")
            and (number := natural(each, "id")) is not None
        ]
        return MonitorChange(cleared=tuple(gone))
    if action == "SetMonitoringBase" and text(answer, "status") == "Accepted":
        # N03: what was set by us is gone, except where the factory's are only added
        return MonitorChange(own_gone=payload.get("monitoringBase") != MonitoringBase.ALL.value)
    return None


def _taken(
    charge_point_key: int,
    payload: Mapping[str, Any],
    answer: dict[str, Any],
    received_at: datetime,
) -> tuple[VariableMonitor, ...]:
    """Join what was asked for and the ids it got: the answer tells no values."""
    asked = groups(payload, "setMonitoringData")
    taken: list[VariableMonitor] = []
    for result in groups(answer, "setMonitoringResult"):
        number = natural(result, "id")
        if text(result, "status") != "Accepted" or number is None:
            continue
        mine = next((each for each in asked if _is_about(each, result)), None)
        if mine is not None:
            asked.remove(mine)
            name = read_name(mine)
            taken.append(_record(charge_point_key, name, mine, number, received_at, is_ours=True))
    return tuple(taken)


def _is_about(asked: Fields, result: Fields) -> bool:
    return (
        read_name(asked) == read_name(result)
        and asked.get("type") == result.get("type")
        and asked.get("severity") == result.get("severity")
    )


def _record(
    charge_point_key: int,
    name: VariableName,
    told: Fields,
    monitor_id: int,
    at: datetime,
    *,
    is_ours: bool | None,
) -> VariableMonitor:
    value = told.get("value")
    severity = integer(told, "severity")
    known = severity is not None and 0 <= severity <= MAX_SEVERITY
    return VariableMonitor(
        charge_point_key,
        monitor_id,
        name.component,
        name.variable,
        text(told, "type", 50) or "",
        float(value) if isinstance(value, int | float) else None,
        severity if known and severity is not None else UNKNOWN_SEVERITY,
        at,
        component_instance=name.component_instance or "",
        evse_id=name.evse_id or 0,
        connector_id=name.connector_id or 0,
        variable_instance=name.variable_instance or "",
        transaction=flag(told, "transaction"),
        is_ours=is_ours,
    )


def _monitor(edition: Edition, monitor: NewMonitor) -> Payload:
    data: Payload = {} if monitor.monitor_id is None else {"id": monitor.monitor_id}
    if monitor.transaction:
        data["transaction"] = True
    data |= {
        "value": int(monitor.value) if monitor.value.is_integer() else monitor.value,
        "type": monitor.kind.value,
        "severity": _severity(monitor.severity),
    }
    return data | named(edition, monitor.name)


def _severity(severity: int) -> int:
    if not 0 <= severity <= MAX_SEVERITY:
        raise InvalidValueError("severity", severity, f"0 (danger) to {MAX_SEVERITY} (debug)")
    return severity
