"""search, tools and totals"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('calls',
    sa.Column('tool', sa.String(), nullable=False),
    sa.Column('exchange', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('calls', sa.Integer(), nullable=False),
    sa.Column('results', sa.Integer(), nullable=False),
    sa.Column('errors', sa.Integer(), nullable=False),
    sa.Column('bytes', sa.Integer(), nullable=False),
    sa.Column('durations', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('tool', 'exchange', name=op.f('pk_calls')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('calls', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_calls_exchange'), ['exchange'], unique=False)

    op.create_table('occurrences',
    sa.Column('content', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('session', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('exchange', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('content', 'session', name=op.f('pk_occurrences')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('occurrences', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_occurrences_session'), ['session'], unique=False)

    op.create_table('series',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('agent_type', sa.String(), nullable=False),
    sa.Column('agent_name', sa.String(), nullable=False),
    sa.Column('request_class', sa.String(), nullable=False),
    sa.Column('model_requested', sa.String(), nullable=False),
    sa.Column('model_routed', sa.String(), nullable=False),
    sa.Column('provider', sa.String(), nullable=False),
    sa.Column('project', sa.String(), nullable=False),
    sa.Column('branch', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_series')),
    sa.UniqueConstraint('agent_type', 'agent_name', 'request_class', 'model_requested', 'model_routed', 'provider', 'project', 'branch', name='uq_series')
    )
    op.create_table('timings',
    sa.Column('bucket', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('what', sa.String(), nullable=False),
    sa.Column('dimension', sa.String(), nullable=False),
    sa.Column('value', sa.String(), nullable=False),
    sa.Column('bin', sa.SmallInteger(), autoincrement=False, nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('bucket', 'what', 'dimension', 'value', 'bin', name=op.f('pk_timings')),
    sqlite_with_rowid=False
    )
    op.create_table('tool_totals',
    sa.Column('bucket', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('series', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('tool', sa.String(), nullable=False),
    sa.Column('calls', sa.BigInteger(), nullable=False),
    sa.Column('results', sa.BigInteger(), nullable=False),
    sa.Column('errors', sa.BigInteger(), nullable=False),
    sa.Column('bytes', sa.BigInteger(), nullable=False),
    sa.Column('timed', sa.BigInteger(), nullable=False),
    sa.Column('duration_ms', sa.Double(), nullable=False),
    sa.PrimaryKeyConstraint('bucket', 'series', 'tool', name=op.f('pk_tool_totals')),
    sqlite_with_rowid=False
    )
    op.create_table('totals',
    sa.Column('bucket', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('session', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('series', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('requests', sa.BigInteger(), nullable=False),
    sa.Column('errors', sa.BigInteger(), nullable=False),
    sa.Column('priced', sa.BigInteger(), nullable=False),
    sa.Column('unpriced', sa.BigInteger(), nullable=False),
    sa.Column('input_tokens', sa.BigInteger(), nullable=False),
    sa.Column('output_tokens', sa.BigInteger(), nullable=False),
    sa.Column('cache_read_input_tokens', sa.BigInteger(), nullable=False),
    sa.Column('cache_creation_input_tokens', sa.BigInteger(), nullable=False),
    sa.Column('cache_creation_5m_input_tokens', sa.BigInteger(), nullable=False),
    sa.Column('cache_creation_1h_input_tokens', sa.BigInteger(), nullable=False),
    sa.Column('cost_usd', sa.Double(), nullable=False),
    sa.Column('cost_requested_usd', sa.Double(), nullable=False),
    sa.Column('duration_ms', sa.Double(), nullable=False),
    sa.PrimaryKeyConstraint('bucket', 'session', 'series', name=op.f('pk_totals')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('totals', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_totals_session'), ['session'], unique=False)

    with op.batch_alter_table('exchanges', schema=None) as batch_op:
        batch_op.create_index('ix_exchanges_agent_name', ['agent_name', 'started_at'], unique=False, sqlite_where=sa.text('agent_name IS NOT NULL'), postgresql_where=sa.text('agent_name IS NOT NULL'))
        batch_op.create_index('ix_exchanges_agent_type', ['agent_type', 'started_at'], unique=False, sqlite_where=sa.text('agent_type IS NOT NULL'), postgresql_where=sa.text('agent_type IS NOT NULL'))
        batch_op.create_index(batch_op.f('ix_exchanges_cost_usd'), ['cost_usd'], unique=False)
        batch_op.create_index(batch_op.f('ix_exchanges_duration_ms'), ['duration_ms'], unique=False)
        batch_op.create_index('ix_exchanges_failed', ['status', 'started_at'], unique=False, sqlite_where=sa.text("status <> 'ok'"), postgresql_where=sa.text("status <> 'ok'"))
        batch_op.create_index(batch_op.f('ix_exchanges_model_routed_started_at'), ['model_routed', 'started_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_exchanges_project_started_at'), ['project', 'started_at'], unique=False)

    if op.get_bind().dialect.name == 'sqlite':
        op.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5(prompt, answer, thinking, input, result, "
            "content='', columnsize=0, tokenize=\"unicode61 remove_diacritics 2\")"
        )
