"""the first schema"""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('contents',
    sa.Column('id', KEY, autoincrement=False, nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('codec', sa.SmallInteger(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contents')),
    sa.UniqueConstraint('digest', name=op.f('uq_contents_digest'))
    )
    op.create_table('meta',
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_meta'))
    )
    op.create_table('sessions',
    sa.Column('id', KEY, autoincrement=False, nullable=False),
    sa.Column('session_id', sa.String(), nullable=False),
    sa.Column('title', sa.Text(), nullable=True),
    sa.Column('title_rank', sa.SmallInteger(), nullable=False),
    sa.Column('project', sa.Text(), nullable=True),
    sa.Column('branch', sa.Text(), nullable=True),
    sa.Column('started_at', sa.Double(), nullable=False),
    sa.Column('last_at', sa.Double(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sessions')),
    sa.UniqueConstraint('session_id', name=op.f('uq_sessions_session_id'))
    )
    op.create_index(op.f('ix_sessions_last_at'), 'sessions', ['last_at'], unique=False)

    op.create_table('exchanges',
    sa.Column('id', KEY, autoincrement=False, nullable=False),
    sa.Column('exchange_id', sa.String(), nullable=False),
    sa.Column('session', KEY, nullable=False),
    sa.Column('worker', sa.String(), nullable=False),
    sa.Column('endpoint', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('http_status', sa.SmallInteger(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('lane', sa.String(), nullable=False),
    sa.Column('prompt_id', sa.String(), nullable=True),
    sa.Column('request_class', sa.String(), nullable=True),
    sa.Column('compaction', sa.String(), nullable=True),
    sa.Column('context_compacted', sa.String(), nullable=True),
    sa.Column('project', sa.Text(), nullable=True),
    sa.Column('branch', sa.Text(), nullable=True),
    sa.Column('agent_id', sa.String(), nullable=True),
    sa.Column('agent_parent_id', sa.String(), nullable=True),
    sa.Column('agent_type', sa.String(), nullable=True),
    sa.Column('agent_name', sa.String(), nullable=True),
    sa.Column('model_requested', sa.String(), nullable=True),
    sa.Column('model_routed', sa.String(), nullable=True),
    sa.Column('provider', sa.String(), nullable=True),
    sa.Column('started_at', sa.Double(), nullable=False),
    sa.Column('ttfb_ms', sa.Double(), nullable=True),
    sa.Column('ttft_ms', sa.Double(), nullable=True),
    sa.Column('duration_ms', sa.Double(), nullable=True),
    sa.Column('input_tokens', sa.Integer(), nullable=True),
    sa.Column('output_tokens', sa.Integer(), nullable=True),
    sa.Column('cache_read_input_tokens', sa.Integer(), nullable=True),
    sa.Column('cache_creation_input_tokens', sa.Integer(), nullable=True),
    sa.Column('cache_creation_5m_input_tokens', sa.Integer(), nullable=True),
    sa.Column('cache_creation_1h_input_tokens', sa.Integer(), nullable=True),
    sa.Column('cost_usd', sa.Double(), nullable=True),
    sa.Column('cost_requested_usd', sa.Double(), nullable=True),
    sa.Column('stop_reason', sa.String(), nullable=True),
    sa.Column('request_id', sa.String(), nullable=True),
    sa.Column('traceparent', sa.String(), nullable=True),
    sa.Column('tool_durations', sa.Text(), nullable=True),
    sa.Column('facts', KEY, nullable=True),
    sa.ForeignKeyConstraint(['facts'], ['contents.id'], name=op.f('fk_exchanges_facts')),
    sa.ForeignKeyConstraint(['session'], ['sessions.id'], name=op.f('fk_exchanges_session')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exchanges')),
    sa.UniqueConstraint('exchange_id', name=op.f('uq_exchanges_exchange_id'))
    )
    op.create_index('ix_exchanges_running', 'exchanges', ['status'], unique=False, sqlite_where=sa.text("status = 'running'"), postgresql_where=sa.text("status = 'running'"))
    op.create_index(op.f('ix_exchanges_session_started_at'), 'exchanges', ['session', 'started_at'], unique=False)
    op.create_index(op.f('ix_exchanges_started_at'), 'exchanges', ['started_at'], unique=False)

    op.create_table('nodes',
    sa.Column('id', KEY, autoincrement=False, nullable=False),
    sa.Column('parent_id', KEY, nullable=False),
    sa.Column('content_id', KEY, nullable=True),
    sa.ForeignKeyConstraint(['content_id'], ['contents.id'], name=op.f('fk_nodes_content_id')),
    sa.ForeignKeyConstraint(['parent_id'], ['nodes.id'], name=op.f('fk_nodes_parent_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_nodes')),
    sa.UniqueConstraint('parent_id', 'content_id', name=op.f('uq_nodes_parent_id_content_id'))
    )
    op.create_table('payloads',
    sa.Column('exchange', KEY, nullable=False),
    sa.Column('query', sa.Text(), nullable=True),
    sa.Column('request_headers', sa.LargeBinary(), nullable=True),
    sa.Column('request_raw', KEY, nullable=True),
    sa.Column('params', KEY, nullable=True),
    sa.Column('system', KEY, nullable=True),
    sa.Column('tools', KEY, nullable=True),
    sa.Column('messages', KEY, nullable=True),
    sa.Column('shape', sa.LargeBinary(), nullable=True),
    sa.Column('digest', sa.LargeBinary(), nullable=True),
    sa.Column('response_headers', sa.LargeBinary(), nullable=True),
    sa.Column('response_raw', KEY, nullable=True),
    sa.Column('response_message', KEY, nullable=True),
    sa.Column('response_rest', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['exchange'], ['exchanges.id'], name=op.f('fk_payloads_exchange'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['messages'], ['nodes.id'], name=op.f('fk_payloads_messages')),
    sa.ForeignKeyConstraint(['params'], ['contents.id'], name=op.f('fk_payloads_params')),
    sa.ForeignKeyConstraint(['request_raw'], ['contents.id'], name=op.f('fk_payloads_request_raw')),
    sa.ForeignKeyConstraint(['response_message'], ['contents.id'], name=op.f('fk_payloads_response_message')),
    sa.ForeignKeyConstraint(['response_raw'], ['contents.id'], name=op.f('fk_payloads_response_raw')),
    sa.ForeignKeyConstraint(['system'], ['nodes.id'], name=op.f('fk_payloads_system')),
    sa.ForeignKeyConstraint(['tools'], ['nodes.id'], name=op.f('fk_payloads_tools')),
    sa.PrimaryKeyConstraint('exchange', name=op.f('pk_payloads'))
    )
    op.bulk_insert(
        sa.table('nodes', sa.column('id'), sa.column('parent_id')), [{'id': 0, 'parent_id': 0}]
    )
    op.bulk_insert(
        sa.table('meta', sa.column('key'), sa.column('value')),
        [{'key': 'generation', 'value': secrets.token_hex(8)}],
    )
