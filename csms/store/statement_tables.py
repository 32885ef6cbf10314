"""Statements, who issues them, and transactions told to outside billing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    CheckConstraint,
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
    event,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import ExecutableDDLElement

from csms.store.columns import UTC, metadata, now
from csms.store.tariff_tables import priced_transactions

statement_issuers = Table(
    "statement_issuers",
    metadata,
    Column("site_id", Text, ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("tax_number", Text, nullable=False),
    Column("bank", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("series", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("cdr", JSONB, nullable=False),
    now("created_at"),
    now("updated_at"),
)
"""Who writes a site's statements; `cdr` is what OCPI wants to know of its party and location."""

statement_series = Table(
    "statement_series",
    metadata,
    Column("series", Text, primary_key=True),
    Column("year", SmallInteger, primary_key=True),
    Column("last_number", Integer, nullable=False),
)
"""Its row is locked while a statement is issued: a number is taken if and only if it is used."""

statements = Table(
    "statements",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("series", Text, nullable=False),
    Column("year", SmallInteger, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("number", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("subject_name", Text, nullable=False),
    Column("site_id", Text, nullable=False),
    Column("month", Date, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("totals", JSONB, nullable=False),
    Column("corrects_id", BigInteger, ForeignKey("statements.id"), unique=True),
    Column("issued_at", UTC, nullable=False),
    Column("issued_by", Text, nullable=False),
    Column("document", Text, nullable=False),
    UniqueConstraint("series", "year", "sequence"),
    Index(
        "uq_statements_subject",
        "kind",
        "site_id",
        func.lower(text("subject_id")),
        "month",
        unique=True,
        postgresql_where=text("corrects_id IS NULL"),
    ),
    Index(None, "site_id", "month"),
    Index(None, "subject_id", "month"),
)
"""Issued statements, kept for good: never changed, never deleted.

`document` is the JSON of a `csms.statements.document.Document`, as text so that it stays as it is.
"""

statement_prices = Table(
    "statement_prices",
    metadata,
    Column("statement_id", BigInteger, ForeignKey("statements.id"), primary_key=True),
    Column("transaction_id", BigInteger, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Index(None, "transaction_id", "revision"),
)
"""Which prices an issued statement has: what was priced later is on none yet."""

statement_runs = Table(
    "statement_runs",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("site_id", Text, nullable=False),
    Column("month", Date, nullable=False),
    Column("language", Text),
    Column("allow_unpriced", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("total", Integer),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("issued", Integer, nullable=False, server_default="0"),
    Column("refusals", JSONB, nullable=False, server_default="[]"),
    Column("created_by", Text, nullable=False),
    now("created_at"),
    Column("lease_until", UTC),
    Column("ended_at", UTC),
    CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name="state"),
    Index("ix_statement_runs_open", "id", postgresql_where=text("state IN ('waiting', 'running')")),
    Index(None, "site_id", "month"),
)
"""Orders to issue the statements of all users of a site's month."""

cdr_webhooks = Table(
    "cdr_webhooks",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("url", Text, nullable=False),
    Column("site_id", Text, ForeignKey("sites.id", ondelete="CASCADE")),
    Column("enabled", Boolean, nullable=False),
    Column("secret", Text, nullable=False),
    now("created_at"),
    now("updated_at"),
)
"""Where priced transactions are sent; without a site those of all."""

cdr_deliveries = Table(
    "cdr_deliveries",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "webhook_id", BigInteger, ForeignKey("cdr_webhooks.id", ondelete="CASCADE"), nullable=False
    ),
    Column("transaction_id", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    now("due_at"),
    Column("attempted_at", UTC),
    Column("status", SmallInteger),
    Column("error", Text),
    Column("delivered_at", UTC),
    now("created_at"),
    UniqueConstraint("webhook_id", "transaction_id", "revision"),
    CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name="state"),
    Index("ix_cdr_deliveries_due", "due_at", "id", postgresql_where=text("state = 'waiting'")),
    Index(None, "webhook_id", "id"),
)
"""The outbox: a row is written with the price itself, and stays as the record of its delivery."""

Index(
    "ix_priced_transactions_site_id_user_id_started_at",
    priced_transactions.c.site_id,
    priced_transactions.c.user_id,
    priced_transactions.c.started_at,
    postgresql_where=text("current"),
)

_ddl: Callable[[str], ExecutableDDLElement] = DDL

STATEMENT_RULES: Final = (
    """
CREATE FUNCTION statements_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a statement that was issued is never changed or deleted'
        USING ERRCODE = 'restrict_violation';
END $$
""",
    """
CREATE TRIGGER statements_final BEFORE UPDATE OR DELETE OR TRUNCATE ON statements
    FOR EACH STATEMENT EXECUTE FUNCTION statements_are_final()
""",
    """
CREATE TRIGGER statement_prices_final BEFORE UPDATE OR DELETE OR TRUNCATE ON statement_prices
    FOR EACH STATEMENT EXECUTE FUNCTION statements_are_final()
""",
    """
CREATE FUNCTION statement_numbers_only_rise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'a series is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.series <> OLD.series OR NEW.year <> OLD.year
            OR NEW.last_number <> OLD.last_number + 1 THEN
        RAISE EXCEPTION 'the numbers of a series follow one another'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
""",
    """
CREATE TRIGGER statement_series_rises BEFORE UPDATE OR DELETE ON statement_series
    FOR EACH ROW EXECUTE FUNCTION statement_numbers_only_rise()
""",
)
"""What makes statements lawful: PostgreSQL refuses whatever would change one or skip a number."""

OUTBOX_RULES: Final = (
    """
CREATE FUNCTION cdr_outbox_fills() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO cdr_deliveries (webhook_id, transaction_id, revision)
        SELECT id, NEW.transaction_id, NEW.revision FROM cdr_webhooks
        WHERE enabled AND (site_id IS NULL OR site_id = NEW.site_id);
    RETURN NULL;
END $$
""",
    """
CREATE TRIGGER priced_transactions_outbox AFTER INSERT ON priced_transactions
    FOR EACH ROW WHEN (NEW.complete) EXECUTE FUNCTION cdr_outbox_fills()
""",
)
"""A price and the order to tell it are one transaction, so that none is forgotten."""

for _rule in (*STATEMENT_RULES, *OUTBOX_RULES):
    event.listen(metadata, "after_create", _ddl(_rule))
