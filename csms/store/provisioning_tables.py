"""Reports of variables, monitors, configuration templates, availability, keys of meters."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Double,
    Identity,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from csms.store.columns import UTC, charge_point_key, metadata, now

device_reports = Table(
    "device_reports",
    metadata,
    charge_point_key(primary_key=True),
    Column("request_id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("scope", JSONB, nullable=False),
    Column("requested_by", Text),
    Column("requested_at", UTC, nullable=False),
    Column("updated_at", UTC, nullable=False),
    Column("completed_at", UTC),
    Column("parts", Integer, nullable=False),
    Column("items", Integer, nullable=False),
    Column("missing_parts", ARRAY(Integer), nullable=False, server_default="{}"),
    Column("reason", Text),
    Index(None, "requested_at"),
)

variable_monitors = Table(
    "variable_monitors",
    metadata,
    charge_point_key(primary_key=True),
    Column("monitor_id", Integer, primary_key=True),
    Column("component", Text, nullable=False),
    Column("component_instance", Text, nullable=False, server_default=""),
    Column("evse_id", Integer, nullable=False, server_default="0"),
    Column("connector_id", Integer, nullable=False, server_default="0"),
    Column("variable", Text, nullable=False),
    Column("variable_instance", Text, nullable=False, server_default=""),
    Column("kind", Text, nullable=False),
    Column("value", Double),
    Column("severity", SmallInteger, nullable=False),
    Column("transaction", Boolean, nullable=False),
    Column("is_ours", Boolean),
    Column("reported_at", UTC, nullable=False),
)
"""`is_ours` is null for a monitor that the charge point only told of."""

configuration_templates = Table(
    "configuration_templates",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("firmware_version", Text, nullable=False),
    Column("settings", JSONB, nullable=False),
    Column("apply_on_approval", Boolean, nullable=False),
    Column("restart_if_needed", Boolean, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    now("created_at"),
    now("updated_at"),
)
"""`version` grows with every change."""

configuration_jobs = Table(
    "configuration_jobs",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    charge_point_key(),
    Column("template_id", Text, nullable=False),
    Column("template_version", Integer, nullable=False),
    Column("settings", JSONB, nullable=False),
    Column("restart_if_needed", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("results", JSONB, nullable=False, server_default="[]"),
    Column("reason", Text),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", UTC, nullable=False),
    Column("updated_at", UTC, nullable=False),
    Index(None, "charge_point_key", "id"),
    Index(None, "updated_at"),
    Index(
        "ix_configuration_jobs_open",
        "id",
        postgresql_where=text("status IN ('waiting', 'running', 'reboot_required', 'verifying')"),
    ),
)
"""A template's settings as they were when the job was made; it outlives the template."""

availability_orders = Table(
    "availability_orders",
    metadata,
    charge_point_key(primary_key=True),
    Column("evse_id", Integer, primary_key=True),
    Column("connector_id", Integer, primary_key=True),
    Column("operative", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("ordered_at", UTC, nullable=False),
)
"""What each place was last told to be, and the answer; 0 and 0 is the whole charge point."""

meter_keys = Table(
    "meter_keys",
    metadata,
    charge_point_key(primary_key=True),
    Column("evse_id", Integer, primary_key=True),
    Column("public_key", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("since", UTC, nullable=False),
)
"""The public keys of meters that sign (DER, hexadecimal), told by the operator or the charger."""

signature_checks = Table(
    "signature_checks",
    metadata,
    Column("transaction_id", BigInteger, primary_key=True, autoincrement=False),
    charge_point_key(),
    Column("verdict", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("records", Integer, nullable=False),
    Column("begin_wh", Numeric(16, 4)),
    Column("end_wh", Numeric(16, 4)),
    Column("public_key", Text),
    Column("key_source", Text),
    Column("checked_at", UTC, nullable=False),
)
"""What came of checking the signed readings of a transaction."""
