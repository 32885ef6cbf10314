"""What a kWh from the grid does to the climate, by region and time."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Numeric, Table, Text

from csms.store.columns import UTC, metadata, now

grid_regions = Table(
    "grid_regions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text),
    now("created_at"),
    now("updated_at"),
)

grid_intensities = Table(
    "grid_intensities",
    metadata,
    Column("region_id", Text, ForeignKey("grid_regions.id", ondelete="CASCADE"), primary_key=True),
    Column("starts_at", UTC, primary_key=True),
    Column("g_per_kwh", Numeric(9, 3), nullable=False),
)
"""Each counts until the next, for an hour at most."""

site_climates = Table(
    "site_climates",
    metadata,
    Column("site_id", Text, ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True),
    Column("region_id", Text, ForeignKey("grid_regions.id", ondelete="RESTRICT"), nullable=False),
    Column("car_g_per_km", Numeric(9, 3), nullable=False),
    Column("car_wh_per_km", Numeric(9, 3), nullable=False),
    Column("plan_by", Text, nullable=False, server_default="price"),
    now("updated_at"),
    CheckConstraint("plan_by IN ('price', 'emissions')", name="plan_by"),
    CheckConstraint("car_wh_per_km > 0", name="car_wh_per_km"),
)
"""A site's region, the car its users would drive otherwise, and what its charging is planned by."""
