"""Find the tokens of a place"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_id_tokens_allowed_charge_points', 'id_tokens', ['id_token'], unique=False, postgresql_where=sa.text('allowed_charge_points IS NOT NULL'))
    op.create_index('ix_id_tokens_allowed_sites', 'id_tokens', ['allowed_sites'], unique=False, postgresql_using='gin')
    op.create_index('ix_id_tokens_everywhere', 'id_tokens', ['created_at', 'id_token'], unique=False, postgresql_where=sa.text('allowed_charge_points IS NULL AND allowed_sites IS NULL'))


def downgrade() -> None:
    op.drop_index('ix_id_tokens_everywhere', table_name='id_tokens', postgresql_where=sa.text('allowed_charge_points IS NULL AND allowed_sites IS NULL'))
    op.drop_index('ix_id_tokens_allowed_sites', table_name='id_tokens', postgresql_using='gin')
    op.drop_index('ix_id_tokens_allowed_charge_points', table_name='id_tokens', postgresql_where=sa.text('allowed_charge_points IS NOT NULL'))
