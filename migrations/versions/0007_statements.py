"""Statements"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

STATEMENT_RULES = (
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

OUTBOX_RULES = (
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


def upgrade() -> None:
    op.create_table('statement_runs',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('site_id', sa.Text(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('language', sa.Text(), nullable=True),
    sa.Column('allow_unpriced', sa.Boolean(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=True),
    sa.Column('done', sa.Integer(), server_default='0', nullable=False),
    sa.Column('issued', sa.Integer(), server_default='0', nullable=False),
    sa.Column('refusals', postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name=op.f('ck_statement_runs_state')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_statement_runs'))
    )
    op.create_index('ix_statement_runs_open', 'statement_runs', ['id'], unique=False, postgresql_where=sa.text("state IN ('waiting', 'running')"))
    op.create_index(op.f('ix_statement_runs_site_id_month'), 'statement_runs', ['site_id', 'month'], unique=False)
    op.create_table('statement_series',
    sa.Column('series', sa.Text(), nullable=False),
    sa.Column('year', sa.SmallInteger(), nullable=False),
    sa.Column('last_number', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('series', 'year', name=op.f('pk_statement_series'))
    )
    op.create_table('statements',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('series', sa.Text(), nullable=False),
    sa.Column('year', sa.SmallInteger(), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('subject_id', sa.Text(), nullable=False),
    sa.Column('subject_name', sa.Text(), nullable=False),
    sa.Column('site_id', sa.Text(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('complete', sa.Boolean(), nullable=False),
    sa.Column('totals', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('corrects_id', sa.BigInteger(), nullable=True),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('issued_by', sa.Text(), nullable=False),
    sa.Column('document', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['corrects_id'], ['statements.id'], name=op.f('fk_statements_corrects_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_statements')),
    sa.UniqueConstraint('corrects_id', name=op.f('uq_statements_corrects_id')),
    sa.UniqueConstraint('number', name=op.f('uq_statements_number')),
    sa.UniqueConstraint('series', 'year', 'sequence', name=op.f('uq_statements_series_year_sequence'))
    )
    op.create_index(op.f('ix_statements_site_id_month'), 'statements', ['site_id', 'month'], unique=False)
    op.create_index(op.f('ix_statements_subject_id_month'), 'statements', ['subject_id', 'month'], unique=False)
    op.create_index('uq_statements_subject', 'statements', ['kind', 'site_id', sa.literal_column('lower(subject_id)'), 'month'], unique=True, postgresql_where=sa.text('corrects_id IS NULL'))
    op.create_table('cdr_webhooks',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('site_id', sa.Text(), nullable=True),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('secret', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_cdr_webhooks_site_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cdr_webhooks'))
    )
    op.create_table('statement_issuers',
    sa.Column('site_id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('tax_number', sa.Text(), nullable=False),
    sa.Column('bank', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('series', sa.Text(), nullable=False),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('cdr', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_statement_issuers_site_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('site_id', name=op.f('pk_statement_issuers'))
    )
    op.create_table('cdr_deliveries',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('webhook_id', sa.BigInteger(), nullable=False),
    sa.Column('transaction_id', sa.BigInteger(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('state', sa.Text(), server_default='waiting', nullable=False),
    sa.Column('attempts', sa.SmallInteger(), server_default='0', nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('attempted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('status', sa.SmallInteger(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('delivered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name=op.f('ck_cdr_deliveries_state')),
    sa.ForeignKeyConstraint(['webhook_id'], ['cdr_webhooks.id'], name=op.f('fk_cdr_deliveries_webhook_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cdr_deliveries')),
    sa.UniqueConstraint('webhook_id', 'transaction_id', 'revision', name=op.f('uq_cdr_deliveries_webhook_id_transaction_id_revision'))
    )
    op.create_index('ix_cdr_deliveries_due', 'cdr_deliveries', ['due_at', 'id'], unique=False, postgresql_where=sa.text("state = 'waiting'"))
    op.create_index(op.f('ix_cdr_deliveries_webhook_id_id'), 'cdr_deliveries', ['webhook_id', 'id'], unique=False)
    op.create_index('ix_priced_transactions_site_id_user_id_started_at', 'priced_transactions', ['site_id', 'user_id', 'started_at'], unique=False, postgresql_where=sa.text('current'))
    for rule in (*STATEMENT_RULES, *OUTBOX_RULES):
        op.execute(rule)


def downgrade() -> None:
    op.execute("DROP TRIGGER priced_transactions_outbox ON priced_transactions")
    op.drop_index('ix_priced_transactions_site_id_user_id_started_at', table_name='priced_transactions', postgresql_where=sa.text('current'))
    op.drop_index(op.f('ix_cdr_deliveries_webhook_id_id'), table_name='cdr_deliveries')
    op.drop_index('ix_cdr_deliveries_due', table_name='cdr_deliveries', postgresql_where=sa.text("state = 'waiting'"))
    op.drop_table('cdr_deliveries')
    op.drop_table('statement_issuers')
    op.drop_table('cdr_webhooks')
    op.drop_index('uq_statements_subject', table_name='statements', postgresql_where=sa.text('corrects_id IS NULL'))
    op.drop_index(op.f('ix_statements_subject_id_month'), table_name='statements')
    op.drop_index(op.f('ix_statements_site_id_month'), table_name='statements')
    op.drop_table('statements')
    op.drop_table('statement_series')
    op.drop_index(op.f('ix_statement_runs_site_id_month'), table_name='statement_runs')
    op.drop_index('ix_statement_runs_open', table_name='statement_runs', postgresql_where=sa.text("state IN ('waiting', 'running')"))
    op.drop_table('statement_runs')
    for function in ("statements_are_final", "statement_numbers_only_rise", "cdr_outbox_fills"):
        op.execute(f"DROP FUNCTION {function}()")
