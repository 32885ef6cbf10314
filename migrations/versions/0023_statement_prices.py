"""Remember which prices a statement has"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'statement_prices',
        sa.Column('statement_id', sa.BigInteger(), nullable=False),
        sa.Column('transaction_id', sa.BigInteger(), nullable=False),
        sa.Column('revision', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['statement_id'], ['statements.id'], name=op.f('fk_statement_prices_statement_id')),
        sa.PrimaryKeyConstraint('statement_id', 'transaction_id', 'revision', name=op.f('pk_statement_prices')),
    )
    op.create_index(op.f('ix_statement_prices_transaction_id_revision'), 'statement_prices', ['transaction_id', 'revision'], unique=False)
    op.execute("""
INSERT INTO statement_prices (statement_id, transaction_id, revision)
SELECT s.id, CAST(entry->>'transaction_id' AS bigint), CAST(entry->>'revision' AS integer)
FROM statements s, jsonb_array_elements(CAST(s.document AS jsonb)->'entries') entry
""")
    op.execute("""
CREATE TRIGGER statement_prices_final BEFORE UPDATE OR DELETE OR TRUNCATE ON statement_prices
    FOR EACH STATEMENT EXECUTE FUNCTION statements_are_final()
""")


def downgrade() -> None:
    op.drop_table('statement_prices')
