"""Find reported charging profiles"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_notifications_charging_profiles', 'notifications', ['charge_point_key', 'id'], unique=False, postgresql_where=sa.text("kind = 'charging_profiles'"))


def downgrade() -> None:
    op.drop_index('ix_notifications_charging_profiles', table_name='notifications')
