"""Local authorization lists, and tokens that were shown but that nobody has entered."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from csms.store.columns import UTC, charge_point_key, metadata

local_lists = Table(
    "local_lists",
    metadata,
    charge_point_key(primary_key=True),
    Column("automatic", Boolean),
    Column("version", Integer),
    Column("entries", JSONB),
    Column("told_version", Integer),
    Column("told_at", UTC),
    Column("sent_at", UTC),
    Column("state", Text),
    Column("reason", Text),
    Column("settled_at", UTC),
)
"""What charge points hold. `automatic` is null where the site decides; `entries` is null where
nobody knows, else an object of [type, status, expires_at, group_id] by id token."""

site_local_lists = Table(
    "site_local_lists",
    metadata,
    Column("site_id", Text, ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True),
    Column("automatic", Boolean, nullable=False),
)

unknown_id_tokens = Table(
    "unknown_id_tokens",
    metadata,
    Column("id_token", Text, primary_key=True),
    Column("type", Text, nullable=False),
    charge_point_key(),
    Column("times", Integer, nullable=False),
    Column("first_seen_at", UTC, nullable=False),
    Column("last_seen_at", UTC, nullable=False),
    Column("dismissed_at", UTC),
    Index(None, "last_seen_at", "id_token"),
    Index(None, "charge_point_key"),
)
"""`charge_point_key` is where a token was shown last."""
