"""How the records of reports and monitors become rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
from sqlalchemy import Column, Table

from csms.services.records import (
    AvailabilityOrder,
    MonitorCleared,
    OldMonitorsGone,
    OwnMonitorsGone,
    ReportState,
    VariableMonitor,
)
from csms.store.bulk import Statement, Write, insert
from csms.store.provisioning_tables import availability_orders, device_reports, variable_monitors

_REPORT: Final = (
    "charge_point_key", "request_id", "kind", "status", "scope", "requested_by", "requested_at",
    "updated_at", "completed_at", "parts", "items", "missing_parts", "reason",
)  # fmt: skip
_AVAILABILITY: Final = (
    "charge_point_key", "evse_id", "connector_id", "operative", "status", "ordered_at",
)  # fmt: skip
_MONITOR: Final = (
    "charge_point_key", "monitor_id", "component", "component_instance", "evse_id",
    "connector_id", "variable", "variable_instance", "kind", "value", "severity", "transaction",
    "is_ours", "reported_at",
)  # fmt: skip
_GONE: Final = (
    "DELETE FROM variable_monitors USING {rows} "
    "WHERE variable_monitors.charge_point_key = new.charge_point_key AND "
)


def _columns(table: Table, *names: str) -> tuple[Column[Any], ...]:
    return tuple(table.c[name] for name in names)


REPORT: Final = Statement(
    "report",
    120,
    _columns(device_reports, *_REPORT),
    insert(device_reports, _REPORT, replace=True),
    lambda row: row[:2],
)
AVAILABILITY: Final = Statement(
    "availability",
    125,
    _columns(availability_orders, *_AVAILABILITY),
    insert(availability_orders, _AVAILABILITY, replace=True),
    lambda row: row[:3],
)
MONITOR: Final = Statement(
    "monitor",
    121,
    _columns(variable_monitors, *_MONITOR),
    # a report does not tell who set a monitor
    insert(variable_monitors, _MONITOR, replace=True, kept=("is_ours",)),
    lambda row: row[:2],
)
MONITOR_CLEARED: Final = Statement(
    "monitor_cleared",
    122,
    _columns(variable_monitors, "charge_point_key", "monitor_id"),
    _GONE + "variable_monitors.monitor_id = new.monitor_id",
    lambda row: row,
)
OLD_MONITORS: Final = Statement(
    "old_monitors",
    123,
    _columns(variable_monitors, "charge_point_key", "reported_at"),
    _GONE + "variable_monitors.reported_at < new.reported_at",
    lambda row: row[0],
)
OWN_MONITORS: Final = Statement(
    "own_monitors",
    124,
    _columns(variable_monitors, "charge_point_key"),
    _GONE + "variable_monitors.is_ours",
    lambda row: row[0],
)


def _report(r: ReportState) -> list[Write]:
    row = (
        r.charge_point_key, r.request_id, r.kind, r.status, orjson.dumps(r.scope).decode(),
        r.requested_by, r.requested_at, r.updated_at, r.completed_at, r.parts, r.items,
        list(r.missing_parts), r.reason,
    )  # fmt: skip
    return [(REPORT, row)]


def _availability(o: AvailabilityOrder) -> list[Write]:
    row = (
        o.charge_point_key, o.evse_id, o.connector_id, o.operative, o.status, o.ordered_at,
    )  # fmt: skip
    return [(AVAILABILITY, row)]


def _monitor(m: VariableMonitor) -> list[Write]:
    row = (
        m.charge_point_key, m.monitor_id, m.component, m.component_instance, m.evse_id,
        m.connector_id, m.variable, m.variable_instance, m.kind, m.value, m.severity,
        m.transaction, m.is_ours, m.reported_at,
    )  # fmt: skip
    return [(MONITOR, row)]


PROVISIONING: Final[Mapping[type[Any], Callable[[Any], list[Write]]]] = {
    AvailabilityOrder: _availability,
    ReportState: _report,
    VariableMonitor: _monitor,
    MonitorCleared: lambda r: [(MONITOR_CLEARED, (r.charge_point_key, r.monitor_id))],
    OldMonitorsGone: lambda r: [(OLD_MONITORS, (r.charge_point_key, r.reported_before))],
    OwnMonitorsGone: lambda r: [(OWN_MONITORS, (r.charge_point_key,))],
}
