"""Prepaid accounts, limits of spending, and what running transactions have reserved of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    event,
    func,
    text,
)
from sqlalchemy.schema import ExecutableDDLElement

from csms.store.columns import ENERGY_WH, MONEY, UTC, metadata, now

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text),
    Column("kind", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("user_id", Text, ForeignKey("users.id", ondelete="SET NULL")),
    Column("start_credit", MONEY, nullable=False),
    Column("balance", MONEY, nullable=False, server_default="0"),
    Column("closed_at", UTC),
    now("created_at"),
    now("updated_at"),
    CheckConstraint("kind IN ('prepaid')", name="kind"),
    CheckConstraint("start_credit > 0", name="start_credit"),
    Index(
        "uq_accounts_user_id", "user_id", unique=True, postgresql_where=text("user_id IS NOT NULL")
    ),
)
"""`balance` is the sum of the account's entries; the database keeps it so."""
Index("uq_accounts_id_lower", func.lower(accounts.c.id), unique=True)

account_id_tokens = Table(
    "account_id_tokens",
    metadata,
    Column(
        "id_token", Text, ForeignKey("id_tokens.id_token", ondelete="CASCADE"), primary_key=True
    ),
    Column("account_id", Text, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    now("since"),
    Index(None, "account_id"),
)
"""Tokens that an account pays for; one without a line here is paid for by its user's account."""

account_entries = Table(
    "account_entries",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("amount", MONEY, nullable=False),
    Column("balance", MONEY, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("transaction_id", BigInteger),
    Column("note", Text, nullable=False),
    Column("actor", Text, nullable=False),
    now("created_at"),
    UniqueConstraint("account_id", "idempotency_key"),
    CheckConstraint("kind IN ('top_up', 'charge', 'correction', 'refund', 'release')", name="kind"),
    CheckConstraint("kind <> 'top_up' OR amount > 0", name="top_up"),
    CheckConstraint("kind <> 'refund' OR amount < 0", name="refund"),
    CheckConstraint("kind <> 'charge' OR transaction_id IS NOT NULL", name="charge"),
    CheckConstraint(
        "kind <> 'release' OR (amount = 0 AND transaction_id IS NOT NULL)", name="release"
    ),
    Index(None, "account_id", "id"),
    Index(None, "transaction_id"),
)
"""The ledger: never changed, never deleted from. `balance` is the account's after the entry."""

account_settlements = Table(
    "account_settlements",
    metadata,
    Column("transaction_id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("charged", MONEY, nullable=False),
    now("settled_at"),
    Index(None, "account_id"),
)
"""Which price of a transaction is in the ledger, and how much it has been charged in all."""

spending_reservations = Table(
    "spending_reservations",
    metadata,
    Column("key", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id", ondelete="CASCADE")),
    Column("transaction_id", BigInteger, unique=True),
    Column("charge_point_id", Text, nullable=False),
    Column("id_token", Text, nullable=False),
    Column("user_id", Text),
    Column("currency", Text),
    Column("amount", MONEY, nullable=False),
    Column("energy_wh", ENERGY_WH, nullable=False),
    Column("expires_at", UTC),
    Column("updated_at", UTC, nullable=False),
    Index(None, "account_id"),
    Index(None, "id_token"),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)
"""What open transactions may use until they are heard of again.

One that was authorised but has not begun yet has no `transaction_id`; it lapses.
"""

spending_limits = Table(
    "spending_limits",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("scope", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("measure", Text, nullable=False),
    Column("currency", Text),
    Column("at_most", MONEY, nullable=False),
    now("created_at"),
    now("updated_at"),
    CheckConstraint("at_most > 0", name="at_most"),
    CheckConstraint("(measure = 'money') = (currency IS NOT NULL)", name="currency"),
    UniqueConstraint("scope", "subject_id", "period", "measure"),
)
"""`at_most` is money with VAT in `currency`, or Wh."""

_ddl: Callable[[str], ExecutableDDLElement] = DDL

LEDGER_RULES: Final = (
    """
CREATE FUNCTION account_entries_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is only ever added to' USING ERRCODE = 'restrict_violation';
END $$
""",
    """
CREATE FUNCTION account_balance_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.balance = 0;
    PERFORM FROM accounts WHERE id = NEW.account_id FOR UPDATE;
    IF NOT EXISTS (
        SELECT FROM account_entries
        WHERE account_id = NEW.account_id AND idempotency_key = NEW.idempotency_key
    ) THEN
        UPDATE accounts SET balance = balance + NEW.amount, updated_at = now()
            WHERE id = NEW.account_id RETURNING balance INTO NEW.balance;
    END IF;
    RETURN NEW;
END $$
""",
    """
CREATE FUNCTION account_balance_is_a_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a balance changes by ledger entries alone'
        USING ERRCODE = 'restrict_violation';
END $$
""",
    """
CREATE TRIGGER account_entries_final BEFORE UPDATE OR DELETE OR TRUNCATE ON account_entries
    FOR EACH STATEMENT EXECUTE FUNCTION account_entries_are_final()
""",
    """
CREATE TRIGGER account_entries_balance BEFORE INSERT ON account_entries
    FOR EACH ROW EXECUTE FUNCTION account_balance_follows()
""",
    """
CREATE TRIGGER accounts_balance BEFORE UPDATE ON accounts
    FOR EACH ROW WHEN (OLD.balance IS DISTINCT FROM NEW.balance AND pg_trigger_depth() = 0)
    EXECUTE FUNCTION account_balance_is_a_sum()
""",
    """
CREATE FUNCTION account_begins_empty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.balance = 0;
    RETURN NEW;
END $$
""",
    """
CREATE TRIGGER accounts_empty BEFORE INSERT ON accounts
    FOR EACH ROW EXECUTE FUNCTION account_begins_empty()
""",
)
"""What makes the ledger one: PostgreSQL refuses whatever would change an entry or bend a balance.

Adding an entry locks the account's row, so entries of one account are one after the other. A
repeated one changes no balance, and then its key refuses it.
"""

for _rule in LEDGER_RULES:
    event.listen(account_entries, "after_create", _ddl(_rule))
