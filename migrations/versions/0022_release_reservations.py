"""Give back what a transaction without a price holds"""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("ck_account_entries_kind"), "account_entries", type_="check")
    op.create_check_constraint(
        "kind",
        "account_entries",
        "kind IN ('top_up', 'charge', 'correction', 'refund', 'release')",
    )
    op.create_check_constraint(
        "release",
        "account_entries",
        "kind <> 'release' OR (amount = 0 AND transaction_id IS NOT NULL)",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_account_entries_release"), "account_entries", type_="check")
    op.drop_constraint(op.f("ck_account_entries_kind"), "account_entries", type_="check")
    # Nothing is ever taken out of the ledger, so it is not looked at again.
    op.create_check_constraint(
        "kind",
        "account_entries",
        "kind IN ('top_up', 'charge', 'correction', 'refund')",
        postgresql_not_valid=True,
    )
