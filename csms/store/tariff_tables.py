"""Who pays, by which tariff, and what transactions cost."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from csms.store.columns import ENERGY_WH, MONEY, UTC, charge_point_key, metadata, now

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("address", Text),
    Column("tax_number", Text),
    now("created_at"),
    now("updated_at"),
)
Index("uq_users_id_lower", func.lower(users.c.id), unique=True)

user_groups = Table(
    "user_groups",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text),
    now("created_at"),
    now("updated_at"),
)
"""Users who may share a tariff; not groups of id tokens, which may stop each other's charging."""
Index("uq_user_groups_id_lower", func.lower(user_groups.c.id), unique=True)

user_group_members = Table(
    "user_group_members",
    metadata,
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "user_group_id", Text, ForeignKey("user_groups.id", ondelete="CASCADE"), primary_key=True
    ),
    Index(None, "user_group_id"),
)

tariffs = Table(
    "tariffs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("tax_included", Boolean, nullable=False),
    Column("rounding_rule", Text, nullable=False),
    Column("rounding_decimals", SmallInteger, nullable=False),
    now("created_at"),
    now("updated_at"),
)

tariff_versions = Table(
    "tariff_versions",
    metadata,
    Column("tariff_id", Text, ForeignKey("tariffs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("valid_from", Date, nullable=False),
    Column("body", JSONB, nullable=False),
    now("created_at"),
    UniqueConstraint("tariff_id", "valid_from"),
)
"""`body` is all else of a `csms.tariff.model.TariffVersion`."""

tariff_assignments = Table(
    "tariff_assignments",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("tariff_id", Text, ForeignKey("tariffs.id"), nullable=False),
    Column("scope", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("valid_from", UTC),
    Column("valid_until", UTC),
    Column("priority", Integer, nullable=False, server_default="0"),
    now("created_at"),
    now("updated_at"),
    Index(None, "scope", "subject_id"),
    Index(None, "tariff_id"),
)

priced_transactions = Table(
    "priced_transactions",
    metadata,
    Column("transaction_id", BigInteger, primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("current", Boolean, nullable=False),
    Column("charge_point_id", Text, nullable=False),
    Column("site_id", Text),
    Column("user_id", Text),
    Column("id_token", Text),
    Column("time_zone", Text, nullable=False),
    Column("started_at", UTC, nullable=False),
    Column("ended_at", UTC, nullable=False),
    Column("energy_wh", ENERGY_WH),
    Column("tariff_id", Text),
    Column("tariff_reason", Text, nullable=False),
    Column("versions", ARRAY(Integer), nullable=False),
    Column("currency", Text),
    Column("net", MONEY),
    Column("gross", MONEY),
    Column("complete", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("flags", ARRAY(Text), nullable=False),
    Column("lines", JSONB, nullable=False),
    Column("bill", JSONB, nullable=False),
    Column("usage", JSONB, nullable=False),
    Column("market", JSONB, nullable=False),
    Column("priced_at", UTC, nullable=False),
    Index(
        "uq_priced_transactions_current",
        "transaction_id",
        unique=True,
        postgresql_where=text("current"),
    ),
    Index(None, "user_id", "ended_at", postgresql_where=text("current")),
    Index(None, "site_id", "ended_at", postgresql_where=text("current")),
    Index(None, "charge_point_id", "ended_at", postgresql_where=text("current")),
    Index(None, "id_token", "ended_at", postgresql_where=text("current")),
    Index(None, "ended_at", "transaction_id", postgresql_where=text("current")),
    Index(None, "priced_at", postgresql_where=text("current")),
    Index(None, "tariff_id"),
    Index(
        "ix_priced_transactions_incomplete",
        "transaction_id",
        postgresql_where=text("current AND NOT complete"),
    ),
)
"""What transactions cost, as it was worked out each time; only `current` ever changes.

`net` and `gross` are null where anything has no price (then `complete` is false and `reason` says
why); `tariff_reason` says why this tariff counted, or why none did. Kept for good, so it refers to
nothing that somebody may want to delete.
"""

pricing_queue = Table(
    "pricing_queue",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("transaction_id", BigInteger, nullable=False),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("due_at", UTC, nullable=False, server_default=func.now()),
    Column("owner_anew", Boolean, nullable=False, server_default="false"),
    Index(None, "transaction_id"),
    Index(None, "due_at", "id"),
)
"""Transactions to price. A row is written with the transaction's end itself, so none is forgotten.

A transaction may have several rows: who adds one never waits for who prices. `owner_anew`: whoever
owns its id token now pays, not who did when it was priced first.
"""

charging_states = Table(
    "charging_states",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    charge_point_key(),
    Column("transaction_id", BigInteger, nullable=False),
    Column("at", UTC, nullable=False),
    Column("state", Text, nullable=False),
    Index(None, "transaction_id", "at"),
    Index(None, "at"),
)
"""What charge points told of their transactions' charging states; 1.6 has connector statuses."""

withheld_energy = Table(
    "withheld_energy",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    charge_point_key(),
    Column("evse_id", Integer, nullable=False),
    Column("at", UTC, nullable=False),
    Column("state", Text, nullable=False),
    Index(None, "charge_point_key", "evse_id", "at"),
    Index(None, "at"),
)
"""When load management paused an EVSE (`Withheld`) and when it let it charge again (`Released`)."""

price_sources = Table(
    "price_sources",
    metadata,
    Column("site_id", Text, ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True),
    Column("url", Text, nullable=False),
    Column("every_s", Integer, nullable=False),
    Column("next_at", UTC, nullable=False),
    Column("fetched_at", UTC),
    Column("problem", Text),
    now("created_at"),
    now("updated_at"),
    Index(None, "next_at"),
)
"""Where sites' market prices are fetched; `problem` is what went wrong the last time."""
