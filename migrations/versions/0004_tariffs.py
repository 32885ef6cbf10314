"""Users, tariffs and what transactions cost"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('priced_transactions',
    sa.Column('transaction_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('revision', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('current', sa.Boolean(), nullable=False),
    sa.Column('charge_point_id', sa.Text(), nullable=False),
    sa.Column('site_id', sa.Text(), nullable=True),
    sa.Column('user_id', sa.Text(), nullable=True),
    sa.Column('id_token', sa.Text(), nullable=True),
    sa.Column('time_zone', sa.Text(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('energy_wh', sa.Numeric(precision=16, scale=4), nullable=True),
    sa.Column('tariff_id', sa.Text(), nullable=True),
    sa.Column('tariff_reason', sa.Text(), nullable=False),
    sa.Column('versions', sa.ARRAY(sa.Integer()), nullable=False),
    sa.Column('currency', sa.Text(), nullable=True),
    sa.Column('net', sa.Numeric(), nullable=True),
    sa.Column('gross', sa.Numeric(), nullable=True),
    sa.Column('complete', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('flags', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('lines', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('bill', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('usage', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('market', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('priced_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('transaction_id', 'revision', name=op.f('pk_priced_transactions'))
    )
    op.create_index(op.f('ix_priced_transactions_charge_point_id_ended_at'), 'priced_transactions', ['charge_point_id', 'ended_at'], unique=False, postgresql_where=sa.text('current'))
    op.create_index(op.f('ix_priced_transactions_ended_at_transaction_id'), 'priced_transactions', ['ended_at', 'transaction_id'], unique=False, postgresql_where=sa.text('current'))
    op.create_index(op.f('ix_priced_transactions_id_token_ended_at'), 'priced_transactions', ['id_token', 'ended_at'], unique=False, postgresql_where=sa.text('current'))
    op.create_index('ix_priced_transactions_incomplete', 'priced_transactions', ['transaction_id'], unique=False, postgresql_where=sa.text('current AND NOT complete'))
    op.create_index(op.f('ix_priced_transactions_site_id_ended_at'), 'priced_transactions', ['site_id', 'ended_at'], unique=False, postgresql_where=sa.text('current'))
    op.create_index(op.f('ix_priced_transactions_tariff_id'), 'priced_transactions', ['tariff_id'], unique=False)
    op.create_index(op.f('ix_priced_transactions_user_id_ended_at'), 'priced_transactions', ['user_id', 'ended_at'], unique=False, postgresql_where=sa.text('current'))
    op.create_index('uq_priced_transactions_current', 'priced_transactions', ['transaction_id'], unique=True, postgresql_where=sa.text('current'))
    op.create_table('pricing_queue',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('transaction_id', sa.BigInteger(), nullable=False),
    sa.Column('attempts', sa.SmallInteger(), server_default='0', nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pricing_queue'))
    )
    op.create_index(op.f('ix_pricing_queue_due_at_id'), 'pricing_queue', ['due_at', 'id'], unique=False)
    op.create_index(op.f('ix_pricing_queue_transaction_id'), 'pricing_queue', ['transaction_id'], unique=False)
    op.create_table('tariffs',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('direction', sa.Text(), nullable=False),
    sa.Column('tax_included', sa.Boolean(), nullable=False),
    sa.Column('rounding_rule', sa.Text(), nullable=False),
    sa.Column('rounding_decimals', sa.SmallInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tariffs'))
    )
    op.create_table('user_groups',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_groups'))
    )
    op.create_index('uq_user_groups_id_lower', 'user_groups', [sa.literal_column('lower(id)')], unique=True)
    op.create_table('users',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('address', sa.Text(), nullable=True),
    sa.Column('tax_number', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_users'))
    )
    op.create_index('uq_users_id_lower', 'users', [sa.literal_column('lower(id)')], unique=True)
    op.create_table('tariff_assignments',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('tariff_id', sa.Text(), nullable=False),
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('subject_id', sa.Text(), nullable=False),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=True),
    sa.Column('valid_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('priority', sa.Integer(), server_default='0', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['tariff_id'], ['tariffs.id'], name=op.f('fk_tariff_assignments_tariff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tariff_assignments'))
    )
    op.create_index(op.f('ix_tariff_assignments_scope_subject_id'), 'tariff_assignments', ['scope', 'subject_id'], unique=False)
    op.create_index(op.f('ix_tariff_assignments_tariff_id'), 'tariff_assignments', ['tariff_id'], unique=False)
    op.create_table('tariff_versions',
    sa.Column('tariff_id', sa.Text(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('body', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['tariff_id'], ['tariffs.id'], name=op.f('fk_tariff_versions_tariff_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tariff_id', 'number', name=op.f('pk_tariff_versions')),
    sa.UniqueConstraint('tariff_id', 'valid_from', name=op.f('uq_tariff_versions_tariff_id_valid_from'))
    )
    op.create_table('user_group_members',
    sa.Column('user_id', sa.Text(), nullable=False),
    sa.Column('user_group_id', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['user_group_id'], ['user_groups.id'], name=op.f('fk_user_group_members_user_group_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_user_group_members_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', 'user_group_id', name=op.f('pk_user_group_members'))
    )
    op.create_index(op.f('ix_user_group_members_user_group_id'), 'user_group_members', ['user_group_id'], unique=False)
    op.add_column('id_tokens', sa.Column('user_id', sa.Text(), nullable=True))
    op.create_index(op.f('ix_id_tokens_user_id'), 'id_tokens', ['user_id'], unique=False)
    op.create_foreign_key(op.f('fk_id_tokens_user_id'), 'id_tokens', 'users', ['user_id'], ['id'], ondelete='SET NULL')
    # Transactions that ended before there were tariffs have to be shown too.
    op.execute(
        "INSERT INTO pricing_queue (transaction_id) "
        "SELECT id FROM transactions WHERE stopped_at IS NOT NULL ORDER BY id"
    )


def downgrade() -> None:
    op.drop_constraint(op.f('fk_id_tokens_user_id'), 'id_tokens', type_='foreignkey')
    op.drop_index(op.f('ix_id_tokens_user_id'), table_name='id_tokens')
    op.drop_column('id_tokens', 'user_id')
    op.drop_index(op.f('ix_user_group_members_user_group_id'), table_name='user_group_members')
    op.drop_table('user_group_members')
    op.drop_table('tariff_versions')
    op.drop_index(op.f('ix_tariff_assignments_tariff_id'), table_name='tariff_assignments')
    op.drop_index(op.f('ix_tariff_assignments_scope_subject_id'), table_name='tariff_assignments')
    op.drop_table('tariff_assignments')
    op.drop_index('uq_users_id_lower', table_name='users')
    op.drop_table('users')
    op.drop_index('uq_user_groups_id_lower', table_name='user_groups')
    op.drop_table('user_groups')
    op.drop_table('tariffs')
    op.drop_index(op.f('ix_pricing_queue_transaction_id'), table_name='pricing_queue')
    op.drop_index(op.f('ix_pricing_queue_due_at_id'), table_name='pricing_queue')
    op.drop_table('pricing_queue')
    op.drop_index('uq_priced_transactions_current', table_name='priced_transactions', postgresql_where=sa.text('current'))
    op.drop_index(op.f('ix_priced_transactions_user_id_ended_at'), table_name='priced_transactions', postgresql_where=sa.text('current'))
    op.drop_index(op.f('ix_priced_transactions_tariff_id'), table_name='priced_transactions')
    op.drop_index(op.f('ix_priced_transactions_site_id_ended_at'), table_name='priced_transactions', postgresql_where=sa.text('current'))
    op.drop_index('ix_priced_transactions_incomplete', table_name='priced_transactions', postgresql_where=sa.text('current AND NOT complete'))
    op.drop_index(op.f('ix_priced_transactions_id_token_ended_at'), table_name='priced_transactions', postgresql_where=sa.text('current'))
    op.drop_index(op.f('ix_priced_transactions_ended_at_transaction_id'), table_name='priced_transactions', postgresql_where=sa.text('current'))
    op.drop_index(op.f('ix_priced_transactions_charge_point_id_ended_at'), table_name='priced_transactions', postgresql_where=sa.text('current'))
    op.drop_table('priced_transactions')
