"""Reports, monitors, templates, availability, keys of meters"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('configuration_templates',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('vendor', sa.Text(), nullable=False),
    sa.Column('model', sa.Text(), nullable=False),
    sa.Column('firmware_version', sa.Text(), nullable=False),
    sa.Column('settings', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('apply_on_approval', sa.Boolean(), nullable=False),
    sa.Column('restart_if_needed', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_configuration_templates'))
    )
    op.create_table('availability_orders',
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('evse_id', sa.Integer(), nullable=False),
    sa.Column('connector_id', sa.Integer(), nullable=False),
    sa.Column('operative', sa.Boolean(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('ordered_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_availability_orders_charge_point_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('charge_point_key', 'evse_id', 'connector_id', name=op.f('pk_availability_orders'))
    )
    op.create_table('configuration_jobs',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('template_id', sa.Text(), nullable=False),
    sa.Column('template_version', sa.Integer(), nullable=False),
    sa.Column('settings', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('restart_if_needed', sa.Boolean(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('results', postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('requested_by', sa.Text(), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_configuration_jobs_charge_point_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_configuration_jobs'))
    )
    op.create_index(op.f('ix_configuration_jobs_charge_point_key_id'), 'configuration_jobs', ['charge_point_key', 'id'], unique=False)
    op.create_index('ix_configuration_jobs_open', 'configuration_jobs', ['id'], unique=False, postgresql_where=sa.text("status IN ('waiting', 'running', 'reboot_required', 'verifying')"))
    op.create_index(op.f('ix_configuration_jobs_updated_at'), 'configuration_jobs', ['updated_at'], unique=False)
    op.create_table('device_reports',
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('request_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('scope', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('requested_by', sa.Text(), nullable=True),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('completed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('parts', sa.Integer(), nullable=False),
    sa.Column('items', sa.Integer(), nullable=False),
    sa.Column('missing_parts', sa.ARRAY(sa.Integer()), server_default='{}', nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_device_reports_charge_point_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('charge_point_key', 'request_id', name=op.f('pk_device_reports'))
    )
    op.create_index(op.f('ix_device_reports_requested_at'), 'device_reports', ['requested_at'], unique=False)
    op.create_table('meter_keys',
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('evse_id', sa.Integer(), nullable=False),
    sa.Column('public_key', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_meter_keys_charge_point_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('charge_point_key', 'evse_id', name=op.f('pk_meter_keys'))
    )
    op.create_table('signature_checks',
    sa.Column('transaction_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('verdict', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('records', sa.Integer(), nullable=False),
    sa.Column('begin_wh', sa.Numeric(precision=16, scale=4), nullable=True),
    sa.Column('end_wh', sa.Numeric(precision=16, scale=4), nullable=True),
    sa.Column('public_key', sa.Text(), nullable=True),
    sa.Column('key_source', sa.Text(), nullable=True),
    sa.Column('checked_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_signature_checks_charge_point_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('transaction_id', name=op.f('pk_signature_checks'))
    )
    op.create_table('variable_monitors',
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('monitor_id', sa.Integer(), nullable=False),
    sa.Column('component', sa.Text(), nullable=False),
    sa.Column('component_instance', sa.Text(), server_default='', nullable=False),
    sa.Column('evse_id', sa.Integer(), server_default='0', nullable=False),
    sa.Column('connector_id', sa.Integer(), server_default='0', nullable=False),
    sa.Column('variable', sa.Text(), nullable=False),
    sa.Column('variable_instance', sa.Text(), server_default='', nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('value', sa.Double(), nullable=True),
    sa.Column('severity', sa.SmallInteger(), nullable=False),
    sa.Column('transaction', sa.Boolean(), nullable=False),
    sa.Column('is_ours', sa.Boolean(), nullable=True),
    sa.Column('reported_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_variable_monitors_charge_point_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('charge_point_key', 'monitor_id', name=op.f('pk_variable_monitors'))
    )


def downgrade() -> None:
    op.drop_table('variable_monitors')
    op.drop_table('signature_checks')
    op.drop_table('meter_keys')
    op.drop_index(op.f('ix_device_reports_requested_at'), table_name='device_reports')
    op.drop_table('device_reports')
    op.drop_index(op.f('ix_configuration_jobs_updated_at'), table_name='configuration_jobs')
    op.drop_index('ix_configuration_jobs_open', table_name='configuration_jobs', postgresql_where=sa.text("status IN ('waiting', 'running', 'reboot_required', 'verifying')"))
    op.drop_index(op.f('ix_configuration_jobs_charge_point_key_id'), table_name='configuration_jobs')
    op.drop_table('configuration_jobs')
    op.drop_table('availability_orders')
    op.drop_table('configuration_templates')
