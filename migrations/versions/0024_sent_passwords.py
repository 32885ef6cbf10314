"""Passwords that charge points were sent and have not answered to"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        'charge_points',
        sa.Column('sent_password_hashes', sa.ARRAY(sa.Text()), server_default='{}', nullable=False),
    )


def downgrade() -> None:
    op.drop_column('charge_points', 'sent_password_hashes')
