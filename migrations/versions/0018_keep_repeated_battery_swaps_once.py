"""Keep repeated battery swaps once"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('battery_swaps', sa.Column('digest', sa.BigInteger(), nullable=True))
    op.create_index(op.f('ix_battery_swaps_charge_point_key_digest'), 'battery_swaps', ['charge_point_key', 'digest'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_battery_swaps_charge_point_key_digest'), table_name='battery_swaps')
    op.drop_column('battery_swaps', 'digest')
