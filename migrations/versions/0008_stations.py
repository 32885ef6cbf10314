"""What charging stations of OCPP 2.1 tell"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('battery_swaps',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('request_id', sa.Integer(), nullable=True),
    sa.Column('event', sa.Text(), nullable=False),
    sa.Column('id_token', sa.Text(), nullable=True),
    sa.Column('id_token_type', sa.Text(), nullable=True),
    sa.Column('batteries', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_battery_swaps_charge_point_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_battery_swaps'))
    )
    op.create_index(op.f('ix_battery_swaps_charge_point_key_request_id'), 'battery_swaps', ['charge_point_key', 'request_id'], unique=False)
    op.create_index(op.f('ix_battery_swaps_id_token'), 'battery_swaps', ['id_token'], unique=False)
    op.create_table('der_control_runs',
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('control_id', sa.Text(), nullable=False),
    sa.Column('is_running', sa.Boolean(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_der_control_runs_charge_point_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('charge_point_key', 'control_id', name=op.f('pk_der_control_runs'))
    )
    op.create_table('der_controls',
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('control_id', sa.Text(), nullable=False),
    sa.Column('control_type', sa.Text(), nullable=False),
    sa.Column('is_default', sa.Boolean(), nullable=True),
    sa.Column('is_superseded', sa.Boolean(), nullable=True),
    sa.Column('settings', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_der_controls_charge_point_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('charge_point_key', 'control_id', name=op.f('pk_der_controls'))
    )
    op.create_table('dynamic_schedules',
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('profile_id', sa.Integer(), nullable=False),
    sa.Column('evse_id', sa.Integer(), nullable=True),
    sa.Column('limits', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_dynamic_schedules_charge_point_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('charge_point_key', 'profile_id', name=op.f('pk_dynamic_schedules'))
    )
    op.create_table('event_streams',
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('stream_id', sa.Integer(), nullable=False),
    sa.Column('variable_monitoring_id', sa.Integer(), nullable=True),
    sa.Column('interval_s', sa.Integer(), nullable=True),
    sa.Column('values_per_message', sa.Integer(), nullable=True),
    sa.Column('is_open', sa.Boolean(), nullable=True),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('pending', sa.Integer(), nullable=True),
    sa.Column('last_value_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_value', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_event_streams_charge_point_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('charge_point_key', 'stream_id', name=op.f('pk_event_streams'))
    )
    op.create_table('settlements',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('digest', sa.BigInteger(), nullable=False),
    sa.Column('ocpp_transaction_id', sa.Text(), nullable=True),
    sa.Column('psp_ref', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('status_info', sa.Text(), nullable=True),
    sa.Column('amount', sa.Numeric(), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('receipt_id', sa.Text(), nullable=True),
    sa.Column('receipt_url', sa.Text(), nullable=True),
    sa.Column('vat_number', sa.Text(), nullable=True),
    sa.Column('vat_company', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('told', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_settlements_charge_point_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_settlements')),
    sa.UniqueConstraint('charge_point_key', 'digest', name=op.f('uq_settlements_charge_point_key_digest'))
    )
    op.create_index(op.f('ix_settlements_charge_point_key_ocpp_transaction_id'), 'settlements', ['charge_point_key', 'ocpp_transaction_id'], unique=False)
    op.create_index(op.f('ix_settlements_psp_ref'), 'settlements', ['psp_ref'], unique=False)
    op.create_table('transaction_details',
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('ocpp_transaction_id', sa.Text(), nullable=False),
    sa.Column('tariff_id', sa.Text(), nullable=True),
    sa.Column('operation_mode', sa.Text(), nullable=True),
    sa.Column('preconditioning_status', sa.Text(), nullable=True),
    sa.Column('evse_sleep', sa.Boolean(), nullable=True),
    sa.Column('priority_charging', sa.Boolean(), nullable=True),
    sa.Column('transaction_limit', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('cost_details', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_transaction_details_charge_point_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('charge_point_key', 'ocpp_transaction_id', name=op.f('pk_transaction_details'))
    )


def downgrade() -> None:
    op.drop_table('transaction_details')
    op.drop_index(op.f('ix_settlements_psp_ref'), table_name='settlements')
    op.drop_index(op.f('ix_settlements_charge_point_key_ocpp_transaction_id'), table_name='settlements')
    op.drop_table('settlements')
    op.drop_table('event_streams')
    op.drop_table('dynamic_schedules')
    op.drop_table('der_controls')
    op.drop_table('der_control_runs')
    op.drop_index(op.f('ix_battery_swaps_id_token'), table_name='battery_swaps')
    op.drop_index(op.f('ix_battery_swaps_charge_point_key_request_id'), table_name='battery_swaps')
    op.drop_table('battery_swaps')
