"""Operations"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('data_transfer_rules',
    sa.Column('vendor_id', sa.Text(), nullable=False),
    sa.Column('message_ids', sa.ARRAY(sa.Text()), server_default='{}', nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('data', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('vendor_id', name=op.f('pk_data_transfer_rules'))
    )
    op.create_table('firmware_files',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('version', sa.Text(), nullable=True),
    sa.Column('vendor', sa.Text(), nullable=True),
    sa.Column('model', sa.Text(), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('signing_certificate', sa.Text(), nullable=True),
    sa.Column('signature', sa.Text(), nullable=True),
    sa.Column('signature_is_valid', sa.Boolean(), nullable=True),
    sa.Column('size_bytes', sa.BigInteger(), nullable=True),
    sa.Column('sha256', sa.Text(), nullable=True),
    sa.Column('md5', sa.Text(), nullable=True),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_firmware_files'))
    )
    op.create_table('display_messages',
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('priority', sa.Text(), nullable=False),
    sa.Column('format', sa.Text(), nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('language', sa.Text(), nullable=True),
    sa.Column('state', sa.Text(), nullable=True),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ocpp_transaction_id', sa.Text(), nullable=True),
    sa.Column('component', sa.Text(), nullable=True),
    sa.Column('evse_id', sa.Integer(), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_display_messages_charge_point_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('charge_point_key', 'message_id', name=op.f('pk_display_messages'))
    )
    op.create_table('firmware_campaigns',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('firmware_id', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('selection', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('concurrency', sa.Integer(), nullable=False),
    sa.Column('max_failures', sa.Integer(), nullable=True),
    sa.Column('only_idle', sa.Boolean(), nullable=False),
    sa.Column('signed', sa.Boolean(), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('retries', sa.Integer(), nullable=True),
    sa.Column('retry_interval_s', sa.Integer(), nullable=True),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['firmware_id'], ['firmware_files.id'], name=op.f('fk_firmware_campaigns_firmware_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_firmware_campaigns'))
    )
    op.create_index(op.f('ix_firmware_campaigns_firmware_id'), 'firmware_campaigns', ['firmware_id'], unique=False)
    op.create_table('operations',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('request_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('request', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('result', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('statuses', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('firmware_id', sa.BigInteger(), nullable=True),
    sa.Column('campaign_id', sa.BigInteger(), nullable=True),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('deadline_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['campaign_id'], ['firmware_campaigns.id'], name=op.f('fk_operations_campaign_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_operations_charge_point_key'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['firmware_id'], ['firmware_files.id'], name=op.f('fk_operations_firmware_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_operations')),
    sa.UniqueConstraint('charge_point_key', 'request_id', name=op.f('uq_operations_charge_point_key_request_id'))
    )
    op.create_index(op.f('ix_operations_campaign_id'), 'operations', ['campaign_id'], unique=False)
    op.create_index(op.f('ix_operations_charge_point_key_kind_id'), 'operations', ['charge_point_key', 'kind', 'id'], unique=False)
    op.create_index(op.f('ix_operations_firmware_id'), 'operations', ['firmware_id'], unique=False)
    op.create_index(op.f('ix_operations_kind_id'), 'operations', ['kind', 'id'], unique=False)
    op.create_index('ix_operations_open', 'operations', ['deadline_at'], unique=False, postgresql_where=sa.text("state IN ('requested', 'accepted', 'running')"))
    op.create_table('file_links',
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('firmware_id', sa.BigInteger(), nullable=True),
    sa.Column('operation_id', sa.BigInteger(), nullable=True),
    sa.Column('is_upload', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['firmware_id'], ['firmware_files.id'], name=op.f('fk_file_links_firmware_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['operation_id'], ['operations.id'], name=op.f('fk_file_links_operation_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_file_links'))
    )
    op.create_index(op.f('ix_file_links_expires_at'), 'file_links', ['expires_at'], unique=False)
    op.create_index(op.f('ix_file_links_firmware_id'), 'file_links', ['firmware_id'], unique=False)
    op.create_index(op.f('ix_file_links_operation_id'), 'file_links', ['operation_id'], unique=False)
    op.create_table('firmware_campaign_targets',
    sa.Column('campaign_id', sa.BigInteger(), nullable=False),
    sa.Column('charge_point_key', sa.Integer(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('operation_id', sa.BigInteger(), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['campaign_id'], ['firmware_campaigns.id'], name=op.f('fk_firmware_campaign_targets_campaign_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['charge_point_key'], ['charge_points.key'], name=op.f('fk_firmware_campaign_targets_charge_point_key'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['operation_id'], ['operations.id'], name=op.f('fk_firmware_campaign_targets_operation_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('campaign_id', 'charge_point_key', name=op.f('pk_firmware_campaign_targets'))
    )
    op.create_index(op.f('ix_firmware_campaign_targets_charge_point_key'), 'firmware_campaign_targets', ['charge_point_key'], unique=False)
    op.create_index(op.f('ix_firmware_campaign_targets_operation_id'), 'firmware_campaign_targets', ['operation_id'], unique=False)
    op.create_table('operation_parts',
    sa.Column('operation_id', sa.BigInteger(), nullable=False),
    sa.Column('seq_no', sa.Integer(), nullable=False),
    sa.Column('is_last', sa.Boolean(), nullable=False),
    sa.Column('data', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['operation_id'], ['operations.id'], name=op.f('fk_operation_parts_operation_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('operation_id', 'seq_no', name=op.f('pk_operation_parts'))
    )
    op.create_table('uploaded_files',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('operation_id', sa.BigInteger(), nullable=True),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('size_bytes', sa.BigInteger(), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('content_type', sa.Text(), nullable=True),
    sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['operation_id'], ['operations.id'], name=op.f('fk_uploaded_files_operation_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_uploaded_files'))
    )
    op.create_index(op.f('ix_uploaded_files_operation_id'), 'uploaded_files', ['operation_id'], unique=False)
    op.create_index(op.f('ix_uploaded_files_uploaded_at'), 'uploaded_files', ['uploaded_at'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_uploaded_files_uploaded_at'), table_name='uploaded_files')
    op.drop_index(op.f('ix_uploaded_files_operation_id'), table_name='uploaded_files')
    op.drop_table('uploaded_files')
    op.drop_table('operation_parts')
    op.drop_index(op.f('ix_firmware_campaign_targets_operation_id'), table_name='firmware_campaign_targets')
    op.drop_index(op.f('ix_firmware_campaign_targets_charge_point_key'), table_name='firmware_campaign_targets')
    op.drop_table('firmware_campaign_targets')
    op.drop_index(op.f('ix_file_links_operation_id'), table_name='file_links')
    op.drop_index(op.f('ix_file_links_firmware_id'), table_name='file_links')
    op.drop_index(op.f('ix_file_links_expires_at'), table_name='file_links')
    op.drop_table('file_links')
    op.drop_index('ix_operations_open', table_name='operations', postgresql_where=sa.text("state IN ('requested', 'accepted', 'running')"))
    op.drop_index(op.f('ix_operations_kind_id'), table_name='operations')
    op.drop_index(op.f('ix_operations_firmware_id'), table_name='operations')
    op.drop_index(op.f('ix_operations_charge_point_key_kind_id'), table_name='operations')
    op.drop_index(op.f('ix_operations_campaign_id'), table_name='operations')
    op.drop_table('operations')
    op.drop_index(op.f('ix_firmware_campaigns_firmware_id'), table_name='firmware_campaigns')
    op.drop_table('firmware_campaigns')
    op.drop_table('display_messages')
    op.drop_table('firmware_files')
    op.drop_table('data_transfer_rules')
