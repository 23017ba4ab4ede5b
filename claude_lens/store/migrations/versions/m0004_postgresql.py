"""what PostgreSQL needs: an index of words, order by bytes, whole numbers as large as SQLite's"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

TEXTS = {
    'calls': ['tool', 'durations'],
    'meta': ['key', 'value'],
    'series': ['agent_type', 'agent_name', 'request_class', 'model_requested', 'model_routed', 'provider', 'project', 'branch'],
    'sessions': ['session_id', 'title', 'project', 'branch'],
    'timings': ['what', 'dimension', 'value'],
    'tool_totals': ['tool'],
    'exchanges': ['exchange_id', 'worker', 'endpoint', 'status', 'error', 'lane', 'prompt_id', 'request_class', 'compaction', 'context_compacted', 'project', 'branch', 'agent_id', 'agent_parent_id', 'agent_type', 'agent_name', 'model_requested', 'model_routed', 'provider', 'stop_reason', 'request_id', 'traceparent', 'tool_durations'],
    'tags': ['key', 'tag'],
    'payloads': ['query'],
}
COUNTS = {
    'calls': ['calls', 'results', 'errors', 'bytes'],
    'sizes': ['day'],
    'timings': ['bucket'],
    'tool_totals': ['bucket'],
    'totals': ['bucket'],
    'exchanges': ['input_tokens', 'output_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens', 'cache_creation_5m_input_tokens', 'cache_creation_1h_input_tokens'],
}


def upgrade() -> None:
    if op.get_bind().dialect.name != 'postgresql':
        return
    for table in {**TEXTS, **COUNTS}:
        types = sa.inspect(op.get_bind()).get_columns(table)
        kinds = {column['name']: str(column['type']).split(' ')[0] for column in types}
        changes = [f'ALTER COLUMN {name} TYPE {kinds[name]} COLLATE "C"' for name in TEXTS.get(table, ())]
        changes += [f'ALTER COLUMN {name} TYPE BIGINT' for name in COUNTS.get(table, ())]
        op.execute(f"ALTER TABLE {table} {', '.join(changes)}")
    op.execute(
        'CREATE TABLE search (content BIGINT NOT NULL CONSTRAINT pk_search PRIMARY KEY, '
        'words TSVECTOR NOT NULL, partial BOOLEAN NOT NULL)'
    )
    op.execute('CREATE INDEX ix_search_words ON search USING gin (words)')
