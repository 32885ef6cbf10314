"""Tables of what takes charge points time: operations, firmware, campaigns, files, displays."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from csms.store.columns import UTC, charge_point_key, metadata, now

firmware_files = Table(
    "firmware_files",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Text),
    Column("vendor", Text),
    Column("model", Text),
    Column("note", Text),
    Column("signing_certificate", Text),
    Column("signature", Text),
    Column("signature_is_valid", Boolean),
    Column("size_bytes", BigInteger),
    Column("sha256", Text),
    Column("md5", Text),
    Column("created_by", Text, nullable=False),
    now("created_at"),
    Column("uploaded_at", UTC),
)
"""The content is in the data directory; `size_bytes` is null until it was uploaded."""

firmware_campaigns = Table(
    "firmware_campaigns",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("firmware_id", BigInteger, ForeignKey("firmware_files.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("selection", JSONB, nullable=False),
    Column("concurrency", Integer, nullable=False),
    Column("max_failures", Integer),
    Column("only_idle", Boolean, nullable=False),
    Column("signed", Boolean, nullable=False),
    Column("starts_at", UTC),
    Column("ends_at", UTC),
    Column("retries", Integer),
    Column("retry_interval_s", Integer),
    Column("created_by", Text, nullable=False),
    now("created_at"),
    now("updated_at"),
    Column("finished_at", UTC),
    Index(None, "firmware_id"),
)

operations = Table(
    "operations",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    charge_point_key(),
    Column("kind", Text, nullable=False),
    Column("request_id", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("status", Text),
    Column("reason", Text),
    Column("request", JSONB, nullable=False),
    Column("result", JSONB, nullable=False),
    Column("statuses", JSONB, nullable=False),
    Column("firmware_id", BigInteger, ForeignKey("firmware_files.id", ondelete="SET NULL")),
    Column("campaign_id", BigInteger, ForeignKey("firmware_campaigns.id", ondelete="SET NULL")),
    Column("created_by", Text, nullable=False),
    Column("created_at", UTC, nullable=False),
    Column("updated_at", UTC, nullable=False),
    Column("deadline_at", UTC, nullable=False),
    Column("finished_at", UTC),
    Index(None, "charge_point_key", "request_id"),
    Index(None, "charge_point_key", "kind", "id"),
    Index(None, "kind", "id"),
    Index(None, "campaign_id"),
    Index(None, "firmware_id"),
    Index(
        "ix_operations_open",
        "deadline_at",
        postgresql_where=text("state IN ('requested', 'accepted', 'running')"),
    ),
)

operation_parts = Table(
    "operation_parts",
    metadata,
    Column(
        "operation_id",
        BigInteger,
        ForeignKey("operations.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("seq_no", Integer, primary_key=True),
    Column("is_last", Boolean, nullable=False),
    Column("data", JSONB, nullable=False),
)
"""Pieces of reports; those about customers are deleted after a while."""

firmware_campaign_targets = Table(
    "firmware_campaign_targets",
    metadata,
    Column(
        "campaign_id",
        BigInteger,
        ForeignKey("firmware_campaigns.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    charge_point_key(primary_key=True),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("operation_id", BigInteger, ForeignKey("operations.id", ondelete="SET NULL")),
    Column("updated_at", UTC, nullable=False),
    Index(None, "charge_point_key"),
    Index(None, "operation_id"),
)

file_links = Table(
    "file_links",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("firmware_id", BigInteger, ForeignKey("firmware_files.id", ondelete="CASCADE")),
    Column("operation_id", BigInteger, ForeignKey("operations.id", ondelete="CASCADE")),
    Column("is_upload", Boolean, nullable=False),
    Column("created_at", UTC, nullable=False),
    Column("expires_at", UTC, nullable=False),
    Column("used_at", UTC),
    Index(None, "firmware_id"),
    Index(None, "operation_id"),
    Index(None, "expires_at"),
)
"""Who knows the token may fetch the firmware, or upload the log of the operation once."""

uploaded_files = Table(
    "uploaded_files",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("operation_id", BigInteger, ForeignKey("operations.id", ondelete="SET NULL")),
    Column("name", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("content_type", Text),
    Column("uploaded_at", UTC, nullable=False),
    Index(None, "operation_id"),
    Index(None, "uploaded_at"),
)
"""What charge points uploaded; the content is in the data directory under the id."""

display_messages = Table(
    "display_messages",
    metadata,
    charge_point_key(primary_key=True),
    Column("message_id", Integer, primary_key=True, autoincrement=False),
    Column("priority", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("language", Text),
    Column("state", Text),
    Column("starts_at", UTC),
    Column("ends_at", UTC),
    Column("ocpp_transaction_id", Text),
    Column("component", Text),
    Column("evse_id", Integer),
    Column("updated_at", UTC, nullable=False),
)

data_transfer_rules = Table(
    "data_transfer_rules",
    metadata,
    Column("vendor_id", Text, primary_key=True),
    Column("message_ids", ARRAY(Text), nullable=False, server_default="{}"),
    Column("status", Text, nullable=False),
    Column("data", JSONB),
    now("created_at"),
    now("updated_at"),
)
"""How an operator has vendors' messages answered; `vendor_id` in lower case."""
