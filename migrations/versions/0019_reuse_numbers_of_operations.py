"""Reuse numbers of operations"""

from __future__ import annotations

from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f('uq_operations_charge_point_key_request_id'), 'operations', type_='unique')
    op.create_index(op.f('ix_operations_charge_point_key_request_id'), 'operations', ['charge_point_key', 'request_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_operations_charge_point_key_request_id'), table_name='operations')
    op.create_unique_constraint(op.f('uq_operations_charge_point_key_request_id'), 'operations', ['charge_point_key', 'request_id'])
