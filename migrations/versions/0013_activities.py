"""What vehicles and load management did while transactions ran"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('charging_states',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('transaction_id', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_charging_states_charge_point_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_charging_states'))
    )
    op.create_index(op.f('ix_charging_states_at'), 'charging_states', ['at'], unique=False)
    op.create_index(op.f('ix_charging_states_transaction_id_at'), 'charging_states', ['transaction_id', 'at'], unique=False)
    op.create_table('withheld_energy',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('evse_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_withheld_energy_charge_point_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_withheld_energy'))
    )
    op.create_index(op.f('ix_withheld_energy_at'), 'withheld_energy', ['at'], unique=False)
    op.create_index(op.f('ix_withheld_energy_charge_point_key_evse_id_at'), 'withheld_energy', ['charge_point_key', 'evse_id', 'at'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_withheld_energy_charge_point_key_evse_id_at'), table_name='withheld_energy')
    op.drop_index(op.f('ix_withheld_energy_at'), table_name='withheld_energy')
    op.drop_table('withheld_energy')
    op.drop_index(op.f('ix_charging_states_transaction_id_at'), table_name='charging_states')
    op.drop_index(op.f('ix_charging_states_at'), table_name='charging_states')
    op.drop_table('charging_states')
