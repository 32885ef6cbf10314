"""First schema"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE transaction_id_seq START WITH 1 MAXVALUE 2147483647 NO CYCLE")
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
        sa.UniqueConstraint("name", name=op.f("uq_api_keys_name")),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index(op.f("ix_audit_log_at"), "audit_log", ["at"], unique=False)
    op.create_table(
        "charge_points",
        sa.Column("key", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("site_id", sa.Text(), nullable=True),
        sa.Column("registration_status", sa.Text(), nullable=False),
        sa.Column("security_profile", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("pinned_version", sa.Text(), nullable=True),
        sa.Column("ping", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("rated_power_w", sa.Integer(), nullable=True),
        sa.Column("ocpp_version", sa.Text(), nullable=True),
        sa.Column("vendor", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("serial_number", sa.Text(), nullable=True),
        sa.Column("firmware_version", sa.Text(), nullable=True),
        sa.Column("iccid", sa.Text(), nullable=True),
        sa.Column("imsi", sa.Text(), nullable=True),
        sa.Column("meter_type", sa.Text(), nullable=True),
        sa.Column("meter_serial_number", sa.Text(), nullable=True),
        sa.Column("boot_reason", sa.Text(), nullable=True),
        sa.Column("boot_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("connection_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("clock_offset_s", sa.Double(), nullable=True),
        sa.Column("last_boot_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disconnected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_charge_points")),
    )
    op.create_index(
        "uq_charge_points_id_lower", "charge_points", [sa.literal_column("lower(id)")], unique=True
    )
    op.create_table(
        "id_token_groups",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("master_pass", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_id_token_groups")),
    )
    op.create_table(
        "message_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("charge_point_key", sa.Integer(), nullable=False),
        sa.Column("ocpp_version", sa.Text(), nullable=False),
        sa.Column("from_charge_point", sa.Boolean(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("request", sa.Text(), nullable=True),
        sa.Column("response", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("repairs", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("duration_s", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", "received_at", name=op.f("pk_message_log")),
        postgresql_partition_by="RANGE (received_at)",
    )
    op.create_index(
        "ix_message_log_charge_point_key_received_at",
        "message_log",
        ["charge_point_key", "received_at"],
        unique=False,
    )
    op.create_table(
        "meter_values",
        sa.Column("charge_point_key", sa.Integer(), nullable=False),
        sa.Column("sampled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("evse_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("connector_id", sa.Integer(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("charger_sampled_at", sa.Text(), nullable=True),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("energy_wh", sa.Numeric(precision=16, scale=4), nullable=True),
        sa.Column("energy_export_wh", sa.Numeric(precision=16, scale=4), nullable=True),
        sa.Column("power_w", sa.Double(), nullable=True),
        sa.Column("power_offered_w", sa.Double(), nullable=True),
        sa.Column("current_a", sa.Double(), nullable=True),
        sa.Column("current_l1_a", sa.Double(), nullable=True),
        sa.Column("current_l2_a", sa.Double(), nullable=True),
        sa.Column("current_l3_a", sa.Double(), nullable=True),
        sa.Column("current_offered_a", sa.Double(), nullable=True),
        sa.Column("voltage_v", sa.Double(), nullable=True),
        sa.Column("voltage_l1_v", sa.Double(), nullable=True),
        sa.Column("voltage_l2_v", sa.Double(), nullable=True),
        sa.Column("voltage_l3_v", sa.Double(), nullable=True),
        sa.Column("soc_percent", sa.Double(), nullable=True),
        sa.Column("others", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint(
            "charge_point_key", "sampled_at", "evse_id", "digest", name=op.f("pk_meter_values")
        ),
        postgresql_partition_by="RANGE (sampled_at)",
    )
    op.create_table(
        "connector_status_history",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("charge_point_key", sa.Integer(), nullable=False),
        sa.Column("evse_id", sa.Integer(), nullable=False),
        sa.Column("connector_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("info", sa.Text(), nullable=True),
        sa.Column("vendor_id", sa.Text(), nullable=True),
        sa.Column("vendor_error_code", sa.Text(), nullable=True),
        sa.Column("status_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["charge_point_key"],
            ["charge_points.key"],
            name=op.f("fk_connector_status_history_charge_point_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connector_status_history")),
    )
    op.create_index(
        op.f("ix_connector_status_history_charge_point_key_received_at"),
        "connector_status_history",
        ["charge_point_key", "received_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_connector_status_history_received_at"),
        "connector_status_history",
        ["received_at"],
        unique=False,
    )
    op.create_table(
        "connectors",
        sa.Column("charge_point_key", sa.Integer(), nullable=False),
        sa.Column("evse_id", sa.Integer(), nullable=False),
        sa.Column("connector_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("info", sa.Text(), nullable=True),
        sa.Column("vendor_id", sa.Text(), nullable=True),
        sa.Column("vendor_error_code", sa.Text(), nullable=True),
        sa.Column("status_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["charge_point_key"],
            ["charge_points.key"],
            name=op.f("fk_connectors_charge_point_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "charge_point_key", "evse_id", "connector_id", name=op.f("pk_connectors")
        ),
    )
    op.create_table(
        "id_tokens",
        sa.Column("id_token", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("max_concurrent_transactions", sa.Integer(), nullable=True),
        sa.Column("allowed_charge_points", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("allowed_sites", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["id_token_groups.id"],
            name=op.f("fk_id_tokens_group_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id_token", name=op.f("pk_id_tokens")),
    )
    op.create_index(op.f("ix_id_tokens_group_id"), "id_tokens", ["group_id"], unique=False)
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("charge_point_key", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("evse_id", sa.Integer(), nullable=True),
        sa.Column("connector_id", sa.Integer(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["charge_point_key"],
            ["charge_points.key"],
            name=op.f("fk_notifications_charge_point_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    op.create_index(
        op.f("ix_notifications_charge_point_key_received_at"),
        "notifications",
        ["charge_point_key", "received_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_notifications_received_at"), "notifications", ["received_at"], unique=False
    )
    op.create_table(
        "reservations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("charge_point_key", sa.Integer(), nullable=False),
        sa.Column("reservation_id", sa.Integer(), nullable=False),
        sa.Column("evse_id", sa.Integer(), nullable=True),
        sa.Column("connector_id", sa.Integer(), nullable=True),
        sa.Column("connector_type", sa.Text(), nullable=True),
        sa.Column("id_token", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["charge_point_key"],
            ["charge_points.key"],
            name=op.f("fk_reservations_charge_point_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservations")),
        sa.UniqueConstraint(
            "charge_point_key",
            "reservation_id",
            name=op.f("uq_reservations_charge_point_key_reservation_id"),
        ),
    )
    op.create_table(
        "transactions",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("charge_point_key", sa.Integer(), nullable=False),
        sa.Column("evse_id", sa.Integer(), nullable=False),
        sa.Column("connector_id", sa.Integer(), nullable=False),
        sa.Column("ocpp_version", sa.Text(), nullable=False),
        sa.Column("ocpp_transaction_id", sa.Text(), nullable=False),
        sa.Column("id_token", sa.Text(), nullable=True),
        sa.Column("id_token_type", sa.Text(), nullable=True),
        sa.Column("id_token_group", sa.Text(), nullable=True),
        sa.Column("authorization_status", sa.Text(), nullable=True),
        sa.Column("stop_id_token", sa.Text(), nullable=True),
        sa.Column("reservation_id", sa.Integer(), nullable=True),
        sa.Column("remote_start_id", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("charger_started_at", sa.Text(), nullable=True),
        sa.Column("charger_stopped_at", sa.Text(), nullable=True),
        sa.Column("start_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("meter_start_wh", sa.Numeric(precision=16, scale=4), nullable=True),
        sa.Column("meter_stop_wh", sa.Numeric(precision=16, scale=4), nullable=True),
        sa.Column("energy_wh", sa.Numeric(precision=16, scale=4), nullable=True),
        sa.Column("energy_source", sa.Text(), nullable=True),
        sa.Column("last_reading_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("charging_state", sa.Text(), nullable=True),
        sa.Column("stop_reason", sa.Text(), nullable=True),
        sa.Column("flags", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["charge_point_key"],
            ["charge_points.key"],
            name=op.f("fk_transactions_charge_point_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transactions")),
    )
    op.create_index(
        op.f("ix_transactions_charge_point_key_ocpp_transaction_id"),
        "transactions",
        ["charge_point_key", "ocpp_transaction_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_transactions_charge_point_key_started_at"),
        "transactions",
        ["charge_point_key", "started_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_transactions_id_token_started_at"),
        "transactions",
        ["id_token", "started_at"],
        unique=False,
    )
    op.create_index(
        "ix_transactions_open",
        "transactions",
        ["charge_point_key"],
        unique=False,
        postgresql_where=sa.text("stopped_at IS NULL"),
    )
    op.create_index(
        op.f("ix_transactions_started_at_id"), "transactions", ["started_at", "id"], unique=False
    )
    op.create_table(
        "variables",
        sa.Column("charge_point_key", sa.Integer(), nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("component_instance", sa.Text(), server_default="", nullable=False),
        sa.Column("evse_id", sa.Integer(), server_default="0", nullable=False),
        sa.Column("connector_id", sa.Integer(), server_default="0", nullable=False),
        sa.Column("variable", sa.Text(), nullable=False),
        sa.Column("variable_instance", sa.Text(), server_default="", nullable=False),
        sa.Column("attribute", sa.Text(), server_default="Actual", nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("mutability", sa.Text(), nullable=True),
        sa.Column("characteristics", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["charge_point_key"],
            ["charge_points.key"],
            name=op.f("fk_variables_charge_point_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "charge_point_key",
            "component",
            "component_instance",
            "evse_id",
            "connector_id",
            "variable",
            "variable_instance",
            "attribute",
            name=op.f("pk_variables"),
        ),
    )
    # Rows outside every partition made ahead (a charger's clock far off) still have a place.
    op.execute("CREATE TABLE message_log_default PARTITION OF message_log DEFAULT")
    op.execute("CREATE TABLE meter_values_default PARTITION OF meter_values DEFAULT")


def downgrade() -> None:
    op.drop_table("variables")
    op.drop_table("transactions")
    op.drop_table("reservations")
    op.drop_table("notifications")
    op.drop_table("id_tokens")
    op.drop_table("connectors")
    op.drop_table("connector_status_history")
    op.drop_table("meter_values")
    op.drop_table("message_log")
    op.drop_table("id_token_groups")
    op.drop_table("charge_points")
    op.drop_table("audit_log")
    op.drop_table("api_keys")
    op.execute("DROP SEQUENCE transaction_id_seq")
