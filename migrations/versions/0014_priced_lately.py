"""Find what was priced lately"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f('ix_priced_transactions_priced_at'), 'priced_transactions', ['priced_at'], unique=False, postgresql_where=sa.text('current'))


def downgrade() -> None:
    op.drop_index(op.f('ix_priced_transactions_priced_at'), table_name='priced_transactions', postgresql_where=sa.text('current'))
