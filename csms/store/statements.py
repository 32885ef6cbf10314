"""How each record becomes rows, and the statement that writes them.

Writing a row twice is harmless: rows that describe a
state replace the older one, readings that are there already are left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final

import orjson
from sqlalchemy import Column, Table

from csms.services.charge_point import ChargePoint
from csms.services.records import (
    ChargingStateReport,
    ConnectorReport,
    MeterValueRecord,
    Notification,
    Record,
    ReservationChange,
    ReservationUse,
    VariableValue,
)
from csms.services.transactions.model import RegisterRun, Transaction
from csms.store import station_statements, tables, tariff_tables
from csms.store.bulk import Statement, Write, insert, json_text, update
from csms.store.provisioning_statements import PROVISIONING

_CHARGE_POINT: Final = (
    "key", "ocpp_version", "vendor", "model", "serial_number", "firmware_version", "iccid",
    "imsi", "meter_type", "meter_serial_number", "boot_reason", "boot_count", "connection_count",
    "clock_offset_s", "last_boot_at", "connected_at", "disconnected_at", "last_seen_at",
)  # fmt: skip
_CONNECTOR: Final = (
    "charge_point_key", "evse_id", "connector_id", "status", "error_code", "info", "vendor_id",
    "vendor_error_code", "status_at", "received_at",
)  # fmt: skip
_TRANSACTION: Final = (
    "id", "charge_point_key", "evse_id", "connector_id", "ocpp_version", "ocpp_transaction_id",
    "id_token", "id_token_type", "id_token_group", "authorization_status", "stop_id_token",
    "reservation_id", "remote_start_id", "started_at", "stopped_at", "charger_started_at",
    "charger_stopped_at", "start_received_at", "stop_received_at", "meter_start_wh",
    "meter_stop_wh", "energy_wh", "energy_source", "last_reading_at", "charging_state",
    "stop_reason", "flags", "evidence", "updated_at",
)  # fmt: skip
_METER_VALUE: Final = (
    "charge_point_key", "sampled_at", "evse_id", "digest", "connector_id", "transaction_id",
    "received_at", "charger_sampled_at", "context", "energy_wh", "energy_export_wh", "others",
    "power_w", "power_offered_w", "current_a", "current_l1_a", "current_l2_a", "current_l3_a",
    "current_offered_a", "voltage_v", "voltage_l1_v", "voltage_l2_v", "voltage_l3_v",
    "soc_percent",
)  # fmt: skip
_NOTIFICATION: Final = (
    "charge_point_key", "kind", "severity", "summary", "evse_id", "connector_id", "data", "at",
    "received_at",
)  # fmt: skip
_VARIABLE: Final = (
    "charge_point_key", "component", "component_instance", "evse_id", "connector_id", "variable",
    "variable_instance", "attribute", "value", "mutability", "characteristics", "reported_at",
)  # fmt: skip
_CHARGING_STATE: Final = ("charge_point_key", "transaction_id", "at", "state")
_RESERVATION: Final = (
    "charge_point_key", "reservation_id", "status", "updated_at", "transaction_id",
)  # fmt: skip
_RESERVATION_USE: Final = (
    "charge_point_key", "evse_id", "id_token", "group_id", "transaction_id", "updated_at",
)  # fmt: skip
_USE_RESERVATION: Final = """
UPDATE reservations SET status = 'used', transaction_id = new.transaction_id,
  updated_at = new.updated_at
FROM {rows}
WHERE reservations.id = (
  SELECT r.id FROM reservations r
  WHERE r.charge_point_key = new.charge_point_key AND r.status = 'active'
    AND r.expires_at > new.updated_at AND (r.evse_id IS NULL OR r.evse_id = new.evse_id)
    AND (r.id_token = new.id_token OR r.group_id = new.group_id)
  ORDER BY r.evse_id NULLS LAST, r.expires_at LIMIT 1
)
"""
"""Who names no reservation uses the one that is kept for it: at its EVSE first, then anywhere."""


def _columns(table: Table, names: tuple[str, ...]) -> tuple[Column[Any], ...]:
    return tuple(table.c[name] for name in names)


CHARGE_POINT: Final = Statement(
    "charge_point",
    0,
    _columns(tables.charge_points, _CHARGE_POINT),
    update(tables.charge_points, _CHARGE_POINT, 1),
    lambda row: row[0],
)
CONNECTOR: Final = Statement(
    "connector",
    1,
    _columns(tables.connectors, _CONNECTOR),
    insert(tables.connectors, _CONNECTOR, replace=True),
    lambda row: row[:3],
)
CONNECTOR_HISTORY: Final = Statement(
    "connector_history",
    2,
    _columns(tables.connector_status_history, _CONNECTOR),
    insert(tables.connector_status_history, _CONNECTOR),
)
TRANSACTION: Final = Statement(
    "transaction",
    3,
    _columns(tables.transactions, _TRANSACTION),
    insert(tables.transactions, _TRANSACTION, replace=True),
    lambda row: row[0],
)
METER_VALUE: Final = Statement(
    "meter_value",
    4,
    _columns(tables.meter_values, _METER_VALUE),
    insert(tables.meter_values, _METER_VALUE, ignore=True),
)
NOTIFICATION: Final = Statement(
    "notification",
    5,
    _columns(tables.notifications, _NOTIFICATION),
    insert(tables.notifications, _NOTIFICATION),
)
VARIABLE: Final = Statement(
    "variable",
    6,
    _columns(tables.variables, _VARIABLE),
    # only reports tell these two, not what is asked for one by one
    insert(tables.variables, _VARIABLE, replace=True, kept=("mutability", "characteristics")),
    lambda row: row[:8],
)
RESERVATION: Final = Statement(
    "reservation",
    7,
    _columns(tables.reservations, _RESERVATION),
    update(tables.reservations, _RESERVATION, 2),
    lambda row: row[:2],
)
RESERVATION_USE: Final = Statement(
    "reservation_use",
    10,
    _columns(tables.reservations, _RESERVATION_USE),
    _USE_RESERVATION,
    lambda row: row[4],
)
PRICING: Final = Statement(
    "pricing",
    8,
    _columns(tariff_tables.pricing_queue, ("transaction_id",)),
    insert(tariff_tables.pricing_queue, ("transaction_id",)),
    lambda row: row[0],
)
"""With the end of a transaction, and whatever becomes known later."""
CHARGING_STATE: Final = Statement(
    "charging_state",
    9,
    _columns(tariff_tables.charging_states, _CHARGING_STATE),
    insert(tariff_tables.charging_states, _CHARGING_STATE),
)


def _charge_point(c: ChargePoint) -> list[Write]:
    offset = c.clock.offset
    row = (
        c.key, c.ocpp_version.value, c.vendor, c.model, c.serial_number, c.firmware_version,
        c.iccid, c.imsi, c.meter_type, c.meter_serial_number, c.boot_reason, c.boot_count,
        c.connection_count, offset.total_seconds() if offset else None, c.last_boot_at,
        c.connected_at, c.disconnected_at, c.last_seen_at,
    )  # fmt: skip
    return [(CHARGE_POINT, row)]


def _connector(r: ConnectorReport) -> list[Write]:
    c = r.connector
    row = (
        r.charge_point_key, r.place.evse_id, r.place.connector_id, c.status.value, c.error_code,
        c.info, c.vendor_id, c.vendor_error_code, c.status_at, r.received_at,
    )  # fmt: skip
    return [(CONNECTOR, row), (CONNECTOR_HISTORY, row)]


def _transaction(t: Transaction) -> list[Write]:
    status = t.authorization_status
    updated_at = max(
        (at for at in (t.stop_received_at, t.last_reading_at, t.start_received_at) if at),
        default=t.started_at,
    )
    row = (
        t.id, t.charge_point_key, t.evse_id, t.connector_id, t.ocpp_version.value,
        t.ocpp_transaction_id, t.id_token, t.id_token_type, t.id_token_group,
        status.value if status else None, t.stop_id_token, t.reservation_id, t.remote_start_id,
        t.started_at, t.stopped_at, t.charger_started_at, t.charger_stopped_at,
        t.start_received_at, t.stop_received_at, t.meter_start_wh, t.meter_stop_wh, t.energy_wh,
        t.energy_source, t.last_reading_at, t.charging_state, t.stop_reason,
        sorted(t.flags), dump_evidence(t), updated_at,
    )  # fmt: skip
    return [(TRANSACTION, row)] if t.open else [(TRANSACTION, row), (PRICING, (t.id,))]


def dump_evidence(t: Transaction) -> str:
    """Write down what is needed to go on with a transaction after a restart."""
    return json_text(
        {
            "runs": [
                (
                    run.first_at,
                    str(run.first_wh),
                    run.last_at,
                    str(run.last_wh),
                    run.count,
                    run.second_at,
                    None if run.second_wh is None else str(run.second_wh),
                )
                for run in t.runs
            ],
            "seen_seq": t.seen_seq,
            "last_seq": t.last_seq,
            "token_rank": t.token_rank,
            "start_corrected": t.start_corrected,
            "claimed_id": t.claimed_id,
        }
    )


def _meter_value(r: MeterValueRecord) -> list[Write]:
    v = r.meter_value
    others = json_text(v.others) if v.others else None
    figures = (
        v.power_w, v.power_offered_w, v.current_a, v.current_l1_a, v.current_l2_a,
        v.current_l3_a, v.current_offered_a, v.voltage_v, v.voltage_l1_v, v.voltage_l2_v,
        v.voltage_l3_v, v.soc_percent,
    )  # fmt: skip
    content = (r.connector_id, v.context, v.energy_wh, v.energy_export_wh, others, figures)
    digest = blake2b(orjson.dumps(content, default=str), digest_size=8).digest()
    row = (
        r.charge_point_key, v.sampled_at, r.evse_id, int.from_bytes(digest, "big", signed=True),
        r.connector_id, r.transaction_id, r.received_at, v.charger_sampled_at, v.context,
        v.energy_wh, v.energy_export_wh, others, *figures,
    )  # fmt: skip
    return [(METER_VALUE, row)]


def _charging_state(r: ChargingStateReport) -> list[Write]:
    return [(CHARGING_STATE, (r.charge_point_key, r.transaction_id, r.at, r.state))]


def _notification(n: Notification) -> list[Write]:
    row = (
        n.charge_point_key, n.kind, n.severity, n.summary, n.evse_id, n.connector_id,
        json_text(n.data), n.at, n.received_at,
    )  # fmt: skip
    return [(NOTIFICATION, row)]


def _variable(v: VariableValue) -> list[Write]:
    row = (
        v.charge_point_key, v.component, v.component_instance, v.evse_id, v.connector_id,
        v.variable, v.variable_instance, v.attribute, v.value, v.mutability,
        json_text(v.characteristics) if v.characteristics is not None else None, v.reported_at,
    )  # fmt: skip
    return [(VARIABLE, row)]


def _reservation(r: ReservationChange) -> list[Write]:
    return [(RESERVATION, (r.charge_point_key, r.reservation_id, r.status, r.at, r.transaction_id))]


def _reservation_use(r: ReservationUse) -> list[Write]:
    row = (r.charge_point_key, r.evse_id, r.id_token, r.group_id, r.transaction_id, r.at)
    return [(RESERVATION_USE, row)]


_WRITES: Final[dict[type[Any], Callable[[Any], list[Write]]]] = {
    ChargePoint: _charge_point,
    ChargingStateReport: _charging_state,
    ConnectorReport: _connector,
    MeterValueRecord: _meter_value,
    Notification: _notification,
    ReservationChange: _reservation,
    ReservationUse: _reservation_use,
    Transaction: _transaction,
    VariableValue: _variable,
    **station_statements.WRITES,
    **PROVISIONING,
}


def writes_of(record: Record) -> list[Write]:
    """Return a record's rows as they are at this moment."""
    return _WRITES[type(record)](record)


def load_evidence(t: Transaction, evidence: dict[str, Any]) -> None:
    """Read back what `dump_evidence` wrote."""
    t.runs = [_run(*run) for run in evidence.get("runs", ())]
    t.seen_seq = [(first, last) for first, last in evidence.get("seen_seq", ())]
    t.last_seq = evidence.get("last_seq")
    t.token_rank = evidence.get("token_rank")
    t.start_corrected = evidence.get("start_corrected", False)
    t.claimed_id = evidence.get("claimed_id")


def _run(
    first_at: str,
    first_wh: str,
    last_at: str,
    last_wh: str,
    count: int,
    second_at: str | None,
    second_wh: str | None,
) -> RegisterRun:
    return RegisterRun(
        datetime.fromisoformat(first_at),
        Decimal(first_wh),
        datetime.fromisoformat(last_at),
        Decimal(last_wh),
        count,
        None if second_at is None else datetime.fromisoformat(second_at),
        None if second_wh is None else Decimal(second_wh),
    )
