"""Which chargers show drivers what charging costs, and in which words of their own."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, Table, Text

from csms.store.columns import metadata, now

cost_displays = Table(
    "cost_displays",
    metadata,
    Column("vendor", Text, primary_key=True),
    Column("enabled", Boolean, nullable=False),
    Column("interval_s", Integer, nullable=False),
    Column("vendor_id", Text),
    Column("message_id", Text),
    Column("template", Text),
    now("created_at"),
    now("updated_at"),
)
"""By the charger's vendor in lower case; what follows `interval_s` is for OCPP 1.6 alone."""
