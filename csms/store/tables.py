"""The database schema; Alembic's source of truth.

Volume tables (`meter_values`, `message_log`) are partitioned by time; their partitions are made
ahead of time and dropped by `csms.store.partitions`. Hot tables name a charge point by its
integer key, everything an operator sees by its identity. Tables of one area alone are in modules
of their own, such as `tariff_tables`; whoever imports this module knows all of them.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Sequence,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from csms.store import (
    account_tables,
    authorization_tables,
    climate_tables,
    columns,
    display_tables,
    load_tables,
    operation_tables,
    provisioning_tables,
    statement_tables,
    station_tables,
    tariff_tables,
)
from csms.store.columns import ENERGY_WH, UTC, charge_point_key, now

metadata = columns.metadata
AREAS = (
    load_tables,
    tariff_tables,
    account_tables,
    climate_tables,
    display_tables,
    operation_tables,
    authorization_tables,
    statement_tables,
    station_tables,
    provisioning_tables,
)
"""The modules that add tables of their own to `metadata`."""


charge_points = Table(
    "charge_points",
    metadata,
    Column("key", Integer, Identity(always=True), primary_key=True),
    Column("id", Text, nullable=False),
    Column("name", Text),
    Column("site_id", Text),
    Column("registration_status", Text, nullable=False),
    Column("security_profile", SmallInteger, nullable=False, server_default="0"),
    Column("password_hash", Text),
    Column("pinned_version", Text),
    Column("ping", Boolean, nullable=False, server_default=text("true")),
    Column("rated_power_w", Integer),
    Column("ocpp_version", Text),
    Column("vendor", Text),
    Column("model", Text),
    Column("serial_number", Text),
    Column("firmware_version", Text),
    Column("iccid", Text),
    Column("imsi", Text),
    Column("meter_type", Text),
    Column("meter_serial_number", Text),
    Column("boot_reason", Text),
    Column("boot_count", Integer, nullable=False, server_default="0"),
    Column("connection_count", Integer, nullable=False, server_default="0"),
    Column("clock_offset_s", Double),
    Column("last_boot_at", UTC),
    Column("connected_at", UTC),
    Column("disconnected_at", UTC),
    Column("last_seen_at", UTC),
    now("created_at"),
    now("updated_at"),
    Column("user_name", Text),
    Column("sent_password_hashes", ARRAY(Text), nullable=False, server_default="{}"),
)
Index("uq_charge_points_id_lower", func.lower(charge_points.c.id), unique=True)

connectors = Table(
    "connectors",
    metadata,
    charge_point_key(primary_key=True),
    Column("evse_id", Integer, primary_key=True),
    Column("connector_id", Integer, primary_key=True),
    Column("status", Text, nullable=False),
    Column("error_code", Text),
    Column("info", Text),
    Column("vendor_id", Text),
    Column("vendor_error_code", Text),
    Column("status_at", UTC, nullable=False),
    Column("received_at", UTC, nullable=False),
)

connector_status_history = Table(
    "connector_status_history",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    charge_point_key(),
    Column("evse_id", Integer, nullable=False),
    Column("connector_id", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("error_code", Text),
    Column("info", Text),
    Column("vendor_id", Text),
    Column("vendor_error_code", Text),
    Column("status_at", UTC, nullable=False),
    Column("received_at", UTC, nullable=False),
    Index(None, "charge_point_key", "received_at"),
    Index(None, "received_at"),
)

id_token_groups = Table(
    "id_token_groups",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text),
    Column("master_pass", Boolean, nullable=False, server_default=text("false")),
    now("created_at"),
    now("updated_at"),
)

id_tokens = Table(
    "id_tokens",
    metadata,
    Column("id_token", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("expires_at", UTC),
    Column("group_id", Text, ForeignKey("id_token_groups.id", ondelete="SET NULL")),
    Column("max_concurrent_transactions", Integer),
    Column("allowed_charge_points", ARRAY(Text)),
    Column("allowed_sites", ARRAY(Text)),
    Column("note", Text),
    now("created_at"),
    now("updated_at"),
    Column("user_id", Text, ForeignKey("users.id", ondelete="SET NULL")),
    Column("keeps_phases", Boolean, nullable=False, server_default=text("false")),
    Index(None, "group_id"),
    Index(None, "user_id"),
    Index("ix_id_tokens_allowed_sites", "allowed_sites", postgresql_using="gin"),
    Index(
        "ix_id_tokens_allowed_charge_points",
        "id_token",
        postgresql_where=text("allowed_charge_points IS NOT NULL"),
    ),
    Index(
        "ix_id_tokens_everywhere",
        "created_at",
        "id_token",
        postgresql_where=text("allowed_charge_points IS NULL AND allowed_sites IS NULL"),
    ),
)

transaction_id_seq = Sequence(
    "transaction_id_seq", metadata=metadata, start=1, maxvalue=2_147_483_647, cycle=False
)
"""OCPP 1.6 transaction ids are 32-bit integers, so all transactions share that range."""

transactions = Table(
    "transactions",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    charge_point_key(),
    Column("evse_id", Integer, nullable=False),
    Column("connector_id", Integer, nullable=False),
    Column("ocpp_version", Text, nullable=False),
    Column("ocpp_transaction_id", Text, nullable=False),
    Column("id_token", Text),
    Column("id_token_type", Text),
    Column("id_token_group", Text),
    Column("authorization_status", Text),
    Column("stop_id_token", Text),
    Column("reservation_id", Integer),
    Column("remote_start_id", Integer),
    Column("started_at", UTC, nullable=False),
    Column("stopped_at", UTC),
    Column("charger_started_at", Text),
    Column("charger_stopped_at", Text),
    Column("start_received_at", UTC),
    Column("stop_received_at", UTC),
    Column("meter_start_wh", ENERGY_WH),
    Column("meter_stop_wh", ENERGY_WH),
    Column("energy_wh", ENERGY_WH),
    Column("energy_source", Text),
    Column("last_reading_at", UTC),
    Column("charging_state", Text),
    Column("stop_reason", Text),
    Column("flags", ARRAY(Text), nullable=False, server_default="{}"),
    Column("evidence", JSONB, nullable=False, server_default="{}"),
    Column("updated_at", UTC, nullable=False),
    Index(None, "charge_point_key", "started_at"),
    Index(None, "charge_point_key", "ocpp_transaction_id"),
    Index(None, "id_token", "started_at"),
    Index(None, "started_at", "id"),
    Index(
        "ix_transactions_open",
        "charge_point_key",
        postgresql_where=text("stopped_at IS NULL"),
    ),
)

meter_values = Table(
    "meter_values",
    metadata,
    Column("charge_point_key", Integer, primary_key=True),
    Column("sampled_at", UTC, primary_key=True),
    Column("evse_id", Integer, primary_key=True),
    Column("digest", BigInteger, primary_key=True),
    Column("connector_id", Integer, nullable=False),
    Column("transaction_id", BigInteger),
    Column("received_at", UTC, nullable=False),
    Column("charger_sampled_at", Text),
    Column("context", Text, nullable=False),
    Column("energy_wh", ENERGY_WH),
    Column("energy_export_wh", ENERGY_WH),
    Column("power_w", Double),
    Column("power_offered_w", Double),
    Column("current_a", Double),
    Column("current_l1_a", Double),
    Column("current_l2_a", Double),
    Column("current_l3_a", Double),
    Column("current_offered_a", Double),
    Column("voltage_v", Double),
    Column("voltage_l1_v", Double),
    Column("voltage_l2_v", Double),
    Column("voltage_l3_v", Double),
    Column("soc_percent", Double),
    Column("others", JSONB),
    postgresql_partition_by="RANGE (sampled_at)",
)

message_log = Table(
    "message_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("received_at", UTC, primary_key=True),
    Column("charge_point_key", Integer, nullable=False),
    Column("ocpp_version", Text, nullable=False),
    Column("from_charge_point", Boolean, nullable=False),
    Column("message_id", Text),
    Column("action", Text),
    Column("request", Text),
    Column("response", Text),
    Column("outcome", Text, nullable=False),
    Column("repairs", ARRAY(Text)),
    Column("duration_s", Double),
    Index("ix_message_log_charge_point_key_received_at", "charge_point_key", "received_at"),
    postgresql_partition_by="RANGE (received_at)",
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    charge_point_key(),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("evse_id", Integer),
    Column("connector_id", Integer),
    Column("data", JSONB, nullable=False),
    Column("at", UTC, nullable=False),
    Column("received_at", UTC, nullable=False),
    Index(None, "charge_point_key", "received_at"),
    Index(None, "received_at"),
    Index(
        "ix_notifications_charging_profiles",
        "charge_point_key",
        "id",
        postgresql_where=text("kind = 'charging_profiles'"),
    ),
)

variables = Table(
    "variables",
    metadata,
    charge_point_key(primary_key=True),
    Column("component", Text, primary_key=True),
    Column("component_instance", Text, primary_key=True, server_default=""),
    Column("evse_id", Integer, primary_key=True, server_default="0"),
    Column("connector_id", Integer, primary_key=True, server_default="0"),
    Column("variable", Text, primary_key=True),
    Column("variable_instance", Text, primary_key=True, server_default=""),
    Column("attribute", Text, primary_key=True, server_default="Actual"),
    Column("value", Text),
    Column("mutability", Text),
    Column("characteristics", JSONB),
    Column("reported_at", UTC, nullable=False),
)

reservations = Table(
    "reservations",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    charge_point_key(),
    Column("reservation_id", Integer, nullable=False),
    Column("evse_id", Integer),
    Column("connector_id", Integer),
    Column("connector_type", Text),
    Column("id_token", Text, nullable=False),
    Column("group_id", Text),
    Column("expires_at", UTC, nullable=False),
    Column("status", Text, nullable=False),
    Column("transaction_id", BigInteger),
    now("created_at"),
    now("updated_at"),
    UniqueConstraint("charge_point_key", "reservation_id"),
)

issued_certificates = Table(
    "issued_certificates",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    charge_point_key(),
    Column("use", Text),
    Column("request_digest", LargeBinary, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False, unique=True),
    Column("serial_number", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("chain", Text, nullable=False),
    Column("not_before", UTC, nullable=False),
    Column("not_after", UTC, nullable=False),
    Column("security_profile", SmallInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("status_at", UTC, nullable=False),
    Column("issued_at", UTC, nullable=False),
    Column("revoked_at", UTC),
    Column("revoked_by", Text),
    Index(None, "charge_point_key", "request_digest"),
)
"""What was signed for charge points; `use` is null for a certificate that serves everything."""

installed_certificates = Table(
    "installed_certificates",
    metadata,
    charge_point_key(primary_key=True),
    Column("use", Text, primary_key=True),
    Column("hash_algorithm", Text, primary_key=True),
    Column("issuer_name_hash", Text, primary_key=True),
    Column("issuer_key_hash", Text, primary_key=True),
    Column("serial_number", Text, primary_key=True),
    Column("parent_serial_number", Text),
    Column("reported_at", UTC, nullable=False),
)
"""What charge points last told they hold; a chain's lower certificates name the one above."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column("prefix", Text, nullable=False),
    Column("expires_at", UTC),
    Column("revoked_at", UTC),
    Column("last_used_at", UTC),
    now("created_at"),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", UTC, nullable=False, server_default=func.now()),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    Index(None, "at"),
)
