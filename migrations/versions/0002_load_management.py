"""Load management"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "charging_strategies",
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("firmware_version", sa.Text(), nullable=False),
        sa.Column("strategy", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "learned_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint(
            "vendor", "model", "firmware_version", name=op.f("pk_charging_strategies")
        ),
    )
    op.create_table(
        "limit_orders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("circuit_id", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("limit_a", sa.ARRAY(sa.Double()), nullable=True),
        sa.Column("power_w", sa.Double(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.Text(), nullable=True),
        sa.CheckConstraint("cardinality(limit_a) = 3", name=op.f("ck_limit_orders_limit_a")),
        sa.CheckConstraint(
            "limit_a IS NOT NULL OR power_w IS NOT NULL",
            name=op.f("ck_limit_orders_limits_something"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_limit_orders")),
    )
    op.create_index(
        op.f("ix_limit_orders_circuit_id_id"), "limit_orders", ["circuit_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_limit_orders_site_id_id"), "limit_orders", ["site_id", "id"], unique=False
    )
    op.create_index(
        "ix_limit_orders_standing",
        "limit_orders",
        ["site_id"],
        unique=False,
        postgresql_where=sa.text("cancelled_at IS NULL"),
    )
    op.create_table(
        "sites",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("voltage_v", sa.Double(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("max_meter_age_s", sa.Double(), nullable=False),
        sa.Column("slot_s", sa.Double(), nullable=False),
        sa.Column("strict_priority", sa.Boolean(), nullable=False),
        sa.Column("battery_counts_as_surplus", sa.Boolean(), nullable=False),
        sa.Column("demand_cap_w", sa.Double(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sites")),
    )
    op.create_table(
        "circuits",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("breaker_a", sa.ARRAY(sa.Double()), nullable=False),
        sa.Column("operating_limit_a", sa.ARRAY(sa.Double()), nullable=True),
        sa.Column("max_power_w", sa.Double(), nullable=True),
        sa.Column("max_imbalance_a", sa.Double(), nullable=True),
        sa.Column("margin", sa.Double(), nullable=False),
        sa.Column("assumed_load_a", sa.ARRAY(sa.Double()), nullable=False),
        sa.Column("signal_failsafe_power_w", sa.Double(), nullable=True),
        sa.Column("signal_heartbeat_timeout_s", sa.Double(), nullable=True),
        sa.Column("signal_failsafe_duration_s", sa.Double(), nullable=True),
        sa.Column("signal_at", sa.DateTime(timezone=True), nullable=True),
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
        sa.CheckConstraint(
            "cardinality(assumed_load_a) = 3", name=op.f("ck_circuits_assumed_load_a")
        ),
        sa.CheckConstraint("cardinality(breaker_a) = 3", name=op.f("ck_circuits_breaker_a")),
        sa.CheckConstraint(
            "cardinality(operating_limit_a) = 3", name=op.f("ck_circuits_operating_limit_a")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["circuits.id"], name=op.f("fk_circuits_parent_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_circuits_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_circuits")),
    )
    op.create_index(op.f("ix_circuits_parent_id"), "circuits", ["parent_id"], unique=False)
    op.create_index(op.f("ix_circuits_site_id"), "circuits", ["site_id"], unique=False)
    op.create_table(
        "evse_memories",
        sa.Column("charge_point_key", sa.Integer(), nullable=False),
        sa.Column("evse_id", sa.Integer(), nullable=False),
        sa.Column("standing_a", sa.Double(), nullable=True),
        sa.Column("last_limit_a", sa.Double(), nullable=True),
        sa.Column("last_limit_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("phases", sa.SmallInteger(), nullable=True),
        sa.Column("switched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("switches", sa.Integer(), nullable=False),
        sa.Column("strategy", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["charge_point_key"],
            ["charge_points.key"],
            name=op.f("fk_evse_memories_charge_point_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("charge_point_key", "evse_id", name=op.f("pk_evse_memories")),
    )
    op.create_table(
        "load_alarms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_load_alarms_site_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_load_alarms")),
    )
    op.create_index(op.f("ix_load_alarms_cleared_at"), "load_alarms", ["cleared_at"], unique=False)
    op.create_index(
        op.f("ix_load_alarms_site_id_id"), "load_alarms", ["site_id", "id"], unique=False
    )
    op.create_index(
        "uq_load_alarms_active",
        "load_alarms",
        ["site_id", "kind", "subject"],
        unique=True,
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.create_table(
        "phase_switches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("charge_point_key", sa.Integer(), nullable=False),
        sa.Column("evse_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_phases", sa.SmallInteger(), nullable=False),
        sa.Column("to_phases", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["charge_point_key"],
            ["charge_points.key"],
            name=op.f("fk_phase_switches_charge_point_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phase_switches")),
    )
    op.create_index(op.f("ix_phase_switches_at"), "phase_switches", ["at"], unique=False)
    op.create_index(
        op.f("ix_phase_switches_charge_point_key_evse_id_id"),
        "phase_switches",
        ["charge_point_key", "evse_id", "id"],
        unique=False,
    )
    op.create_table(
        "price_points",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("price", sa.Numeric(precision=12, scale=6), nullable=False),
        sa.Column("export_price", sa.Numeric(precision=12, scale=6), nullable=True),
        sa.Column("emissions_g_per_kwh", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_price_points_site_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_id", "starts_at", name=op.f("pk_price_points")),
    )
    op.create_index(op.f("ix_price_points_starts_at"), "price_points", ["starts_at"], unique=False)
    op.create_table(
        "pv_groups",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("panels", sa.Integer(), nullable=False),
        sa.Column("panel_peak_w", sa.Double(), nullable=False),
        sa.Column("azimuth_deg", sa.Double(), nullable=False),
        sa.Column("tilt_deg", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_pv_groups_site_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_id", "position", name=op.f("pk_pv_groups")),
    )
    op.create_table(
        "charging_needs",
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("departure_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("energy_wh", sa.Double(), nullable=True),
        sa.Column("max_current_a", sa.Double(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["transactions.id"],
            name=op.f("fk_charging_needs_transaction_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_charging_needs")),
    )
    op.create_table(
        "circuit_readings",
        sa.Column("circuit_id", sa.Text(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current_a", sa.ARRAY(sa.Double()), nullable=False),
        sa.Column("power_w", sa.Double(), nullable=True),
        sa.Column("battery_w", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "cardinality(current_a) = 3", name=op.f("ck_circuit_readings_current_a")
        ),
        sa.ForeignKeyConstraint(
            ["circuit_id"],
            ["circuits.id"],
            name=op.f("fk_circuit_readings_circuit_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("circuit_id", name=op.f("pk_circuit_readings")),
    )
    op.create_table(
        "evses",
        sa.Column("charge_point_key", sa.Integer(), nullable=False),
        sa.Column("evse_id", sa.Integer(), nullable=False),
        sa.Column("circuit_id", sa.Text(), nullable=False),
        sa.Column("phases", sa.Text(), nullable=False),
        sa.Column("rated_a", sa.Double(), nullable=False),
        sa.Column("min_a", sa.Double(), nullable=False),
        sa.Column("step_a", sa.Double(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("controllable", sa.Boolean(), nullable=False),
        sa.Column("can_switch_phases", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("mode_settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
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
            ["charge_point_key"], ["charge_points.key"], name=op.f("fk_evses_charge_point_key")
        ),
        sa.ForeignKeyConstraint(["circuit_id"], ["circuits.id"], name=op.f("fk_evses_circuit_id")),
        sa.PrimaryKeyConstraint("charge_point_key", "evse_id", name=op.f("pk_evses")),
    )
    op.create_index(op.f("ix_evses_circuit_id"), "evses", ["circuit_id"], unique=False)
    op.create_table(
        "meters",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("circuit_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
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
        sa.ForeignKeyConstraint(["circuit_id"], ["circuits.id"], name=op.f("fk_meters_circuit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meters")),
    )
    op.create_index(op.f("ix_meters_circuit_id"), "meters", ["circuit_id"], unique=False)
    op.create_index(
        "uq_meters_enabled",
        "meters",
        ["circuit_id"],
        unique=True,
        postgresql_where=sa.text("enabled"),
    )


def downgrade() -> None:
    op.drop_table("meters")
    op.drop_table("evses")
    op.drop_table("circuit_readings")
    op.drop_table("charging_needs")
    op.drop_table("pv_groups")
    op.drop_table("price_points")
    op.drop_table("phase_switches")
    op.drop_table("load_alarms")
    op.drop_table("evse_memories")
    op.drop_table("circuits")
    op.drop_table("sites")
    op.drop_table("limit_orders")
    op.drop_table("charging_strategies")
