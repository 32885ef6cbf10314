"""What may be lent while nobody watches"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('sites', sa.Column('unattended_factor', sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column('sites', 'unattended_factor')
