"""User names of charge points"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('charge_points', sa.Column('user_name', sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column('charge_points', 'user_name')
