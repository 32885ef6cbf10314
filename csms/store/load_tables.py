"""Sites as load management knows them: circuits, EVSEs, meters, orders, what is remembered."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from csms.store.columns import PRICE, UTC, charge_point_key, metadata, now


def _per_phase(name: str, *, nullable: bool = False) -> tuple[Column[object], CheckConstraint]:
    """Three numbers, L1 L2 L3."""
    return (
        Column(name, ARRAY(Double), nullable=nullable),
        CheckConstraint(f"cardinality({name}) = 3", name=name),
    )


sites = Table(
    "sites",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("network", Text, nullable=False),
    Column("voltage_v", Double, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("country", Text),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("max_meter_age_s", Double, nullable=False),
    Column("slot_s", Double, nullable=False),
    Column("strict_priority", Boolean, nullable=False),
    Column("battery_counts_as_surplus", Boolean, nullable=False),
    Column("demand_cap_w", Double),
    Column("version", BigInteger, nullable=False, server_default="1"),
    now("created_at"),
    now("updated_at"),
    Column("unattended_factor", Double),
)
"""`version` grows with every change of the site or of anything below it."""

pv_groups = Table(
    "pv_groups",
    metadata,
    Column("site_id", Text, ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    Column("panels", Integer, nullable=False),
    Column("panel_peak_w", Double, nullable=False),
    Column("azimuth_deg", Double, nullable=False),
    Column("tilt_deg", Double, nullable=False),
)

circuits = Table(
    "circuits",
    metadata,
    Column("id", Text, primary_key=True),
    Column("site_id", Text, ForeignKey("sites.id"), nullable=False),
    Column("parent_id", Text, ForeignKey("circuits.id")),
    Column("name", Text, nullable=False),
    *_per_phase("breaker_a"),
    *_per_phase("operating_limit_a", nullable=True),
    Column("max_power_w", Double),
    Column("max_imbalance_a", Double),
    Column("margin", Double, nullable=False),
    *_per_phase("assumed_load_a"),
    Column("signal_failsafe_power_w", Double),
    Column("signal_heartbeat_timeout_s", Double),
    Column("signal_failsafe_duration_s", Double),
    Column("signal_at", UTC),
    now("created_at"),
    now("updated_at"),
    Index(None, "site_id"),
    Index(None, "parent_id"),
)
"""`signal_*` are null for a circuit that listens to no grid operator."""

evses = Table(
    "evses",
    metadata,
    Column("charge_point_key", Integer, ForeignKey("charge_points.key"), primary_key=True),
    Column("evse_id", Integer, primary_key=True),
    Column("circuit_id", Text, ForeignKey("circuits.id"), nullable=False),
    Column("phases", Text, nullable=False),
    Column("rated_a", Double, nullable=False),
    Column("min_a", Double, nullable=False),
    Column("step_a", Double, nullable=False),
    Column("unit", Text, nullable=False),
    Column("controllable", Boolean, nullable=False),
    Column("can_switch_phases", Boolean, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("weight", Double, nullable=False),
    Column("mode", Text, nullable=False),
    Column("mode_settings", JSONB, nullable=False),
    now("created_at"),
    now("updated_at"),
    Index(None, "circuit_id"),
)

meters = Table(
    "meters",
    metadata,
    Column("id", Text, primary_key=True),
    Column("circuit_id", Text, ForeignKey("circuits.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("settings", JSONB, nullable=False),
    Column("enabled", Boolean, nullable=False),
    now("created_at"),
    now("updated_at"),
    Index(None, "circuit_id"),
    Index(
        "uq_meters_enabled",
        "circuit_id",
        unique=True,
        postgresql_where=text("enabled"),
    ),
)

circuit_readings = Table(
    "circuit_readings",
    metadata,
    Column("circuit_id", Text, ForeignKey("circuits.id", ondelete="CASCADE"), primary_key=True),
    Column("measured_at", UTC, nullable=False),
    *_per_phase("current_a"),
    Column("power_w", Double),
    Column("battery_w", Double),
)

limit_orders = Table(
    "limit_orders",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("site_id", Text, nullable=False),
    Column("circuit_id", Text, nullable=False),
    Column("starts_at", UTC, nullable=False),
    Column("ends_at", UTC),
    *_per_phase("limit_a", nullable=True),
    Column("power_w", Double),
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    now("created_at"),
    Column("cancelled_at", UTC),
    Column("cancelled_by", Text),
    CheckConstraint("limit_a IS NOT NULL OR power_w IS NOT NULL", name="limits_something"),
    Index(None, "circuit_id", "id"),
    Index(None, "site_id", "id"),
    Index("ix_limit_orders_standing", "site_id", postgresql_where=text("cancelled_at IS NULL")),
)
"""Kept for good, so it refers to no circuit that somebody may want to delete."""

load_alarms = Table(
    "load_alarms",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("site_id", Text, ForeignKey("sites.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("raised_at", UTC, nullable=False),
    Column("updated_at", UTC, nullable=False),
    Column("cleared_at", UTC),
    Index(None, "site_id", "id"),
    Index(None, "cleared_at"),
    Index(
        "uq_load_alarms_active",
        "site_id",
        "kind",
        "subject",
        unique=True,
        postgresql_where=text("cleared_at IS NULL"),
    ),
)

evse_memories = Table(
    "evse_memories",
    metadata,
    charge_point_key(primary_key=True),
    Column("evse_id", Integer, primary_key=True),
    Column("standing_a", Double),
    Column("last_limit_a", Double),
    Column("last_limit_at", UTC),
    Column("phases", SmallInteger),
    Column("switched_at", UTC),
    Column("switches", Integer, nullable=False),
    Column("strategy", JSONB, nullable=False),
)

charging_strategies = Table(
    "charging_strategies",
    metadata,
    Column("vendor", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("firmware_version", Text, primary_key=True),
    Column("strategy", JSONB, nullable=False),
    now("learned_at"),
)
"""`firmware_version` is empty where the charger told none."""

charging_needs = Table(
    "charging_needs",
    metadata,
    Column(
        "transaction_id",
        BigInteger,
        ForeignKey("transactions.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("departure_at", UTC),
    Column("energy_wh", Double),
    Column("max_current_a", Double),
    now("updated_at"),
)

phase_switches = Table(
    "phase_switches",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    charge_point_key(),
    Column("evse_id", Integer, nullable=False),
    Column("at", UTC, nullable=False),
    Column("from_phases", SmallInteger, nullable=False),
    Column("to_phases", SmallInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("transaction_id", BigInteger),
    Index(None, "charge_point_key", "evse_id", "id"),
    Index(None, "at"),
)

price_points = Table(
    "price_points",
    metadata,
    Column("site_id", Text, ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True),
    Column("starts_at", UTC, primary_key=True),
    Column("price", PRICE, nullable=False),
    Column("export_price", PRICE),
    Column("emissions_g_per_kwh", Double),
    Index(None, "starts_at"),
)
"""One row for each quarter of an hour."""
