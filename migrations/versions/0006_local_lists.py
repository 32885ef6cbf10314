"""Local authorization lists, and tokens that nobody entered"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('local_lists',
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('automatic', sa.Boolean(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=True),
    sa.Column('entries', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('told_version', sa.Integer(), nullable=True),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('state', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_local_lists_charge_point_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('charge_point_key', name=op.f('pk_local_lists'))
    )
    op.create_table('site_local_lists',
    sa.Column('site_id', sa.Text(), nullable=False),
    sa.Column('automatic', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['sites.id'], name=op.f('fk_site_local_lists_site_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('site_id', name=op.f('pk_site_local_lists'))
    )
    op.create_table('unknown_id_tokens',
    sa.Column('id_token', sa.Text(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('times', sa.Integer(), nullable=False),
    sa.Column('first_seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('dismissed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_unknown_id_tokens_charge_point_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id_token', name=op.f('pk_unknown_id_tokens'))
    )
    op.create_index(op.f('ix_unknown_id_tokens_charge_point_key'), 'unknown_id_tokens', ['charge_point_key'], unique=False)
    op.create_index(op.f('ix_unknown_id_tokens_last_seen_at_id_token'), 'unknown_id_tokens', ['last_seen_at', 'id_token'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_unknown_id_tokens_last_seen_at_id_token'), table_name='unknown_id_tokens')
    op.drop_index(op.f('ix_unknown_id_tokens_charge_point_key'), table_name='unknown_id_tokens')
    op.drop_table('unknown_id_tokens')
    op.drop_table('site_local_lists')
    op.drop_table('local_lists')
