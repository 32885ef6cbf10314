"""What charging stations of OCPP 2.1 tell beyond transactions: payments, batteries, the grid."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from csms.store.columns import MONEY, UTC, charge_point_key, metadata

settlements = Table(
    "settlements",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    charge_point_key(),
    Column("digest", BigInteger, nullable=False),
    Column("ocpp_transaction_id", Text),
    Column("psp_ref", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("status_info", Text),
    Column("amount", MONEY),
    Column("settled_at", UTC, nullable=False),
    Column("receipt_id", Text),
    Column("receipt_url", Text),
    Column("vat_number", Text),
    Column("vat_company", JSONB),
    Column("told", JSONB, nullable=False),
    Column("received_at", UTC, nullable=False),
    UniqueConstraint("charge_point_key", "digest"),
    Index(None, "charge_point_key", "ocpp_transaction_id"),
    Index(None, "psp_ref"),
)
"""`digest` is of everything that was told, so that a repeat is not kept twice."""

battery_swaps = Table(
    "battery_swaps",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    charge_point_key(),
    Column("request_id", Integer),
    Column("event", Text, nullable=False),
    Column("id_token", Text),
    Column("id_token_type", Text),
    Column("batteries", JSONB, nullable=False),
    Column("received_at", UTC, nullable=False),
    Column("digest", BigInteger),
    Index(None, "charge_point_key", "request_id"),
    Index(None, "charge_point_key", "digest"),
    Index(None, "id_token"),
)
"""`digest` is of everything that was told, so that repeats are known; old rows have none."""

transaction_details = Table(
    "transaction_details",
    metadata,
    charge_point_key(primary_key=True),
    Column("ocpp_transaction_id", Text, primary_key=True),
    Column("tariff_id", Text),
    Column("operation_mode", Text),
    Column("preconditioning_status", Text),
    Column("evse_sleep", Boolean),
    Column("priority_charging", Boolean),
    Column("transaction_limit", JSONB),
    Column("cost_details", JSONB),
    Column("updated_at", UTC, nullable=False),
)
"""The latest of what a station tells of a transaction beside its energy; null: never told."""

der_controls = Table(
    "der_controls",
    metadata,
    charge_point_key(primary_key=True),
    Column("control_id", Text, primary_key=True),
    Column("control_type", Text, nullable=False),
    Column("is_default", Boolean),
    Column("is_superseded", Boolean),
    Column("settings", JSONB, nullable=False),
    Column("told_at", UTC, nullable=False),
)
"""As the station last reported them, or took them from us."""

der_control_runs = Table(
    "der_control_runs",
    metadata,
    charge_point_key(primary_key=True),
    Column("control_id", Text, primary_key=True),
    Column("is_running", Boolean, nullable=False),
    Column("since", UTC, nullable=False),
)

event_streams = Table(
    "event_streams",
    metadata,
    charge_point_key(primary_key=True),
    Column("stream_id", Integer, primary_key=True),
    Column("variable_monitoring_id", Integer),
    Column("interval_s", Integer),
    Column("values_per_message", Integer),
    Column("is_open", Boolean),
    Column("changed_at", UTC),
    Column("pending", Integer),
    Column("last_value_at", UTC),
    Column("last_value", Text),
)

dynamic_schedules = Table(
    "dynamic_schedules",
    metadata,
    charge_point_key(primary_key=True),
    Column("profile_id", Integer, primary_key=True),
    Column("evse_id", Integer),
    Column("limits", JSONB, nullable=False),
    Column("updated_at", UTC, nullable=False),
)
"""What a station gets when it asks for the values of a dynamic charging profile."""
