"""how far answers have come, what hooks tell of sessions, what happened in them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    text = sa.String().with_variant(sa.String(collation='C'), 'postgresql')
    long_text = sa.Text().with_variant(sa.Text(collation='C'), 'postgresql')
    op.create_table('progress',
    sa.Column('exchange', key, autoincrement=False, nullable=False),
    sa.Column('ttfb_ms', sa.Double(), nullable=True),
    sa.Column('ttft_ms', sa.Double(), nullable=True),
    sa.Column('last_at', sa.Double(), nullable=True),
    sa.Column('bytes', sa.BigInteger(), nullable=False),
    sa.Column('tokens', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['exchange'], ['exchanges.id'], name=op.f('fk_progress_exchange'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('exchange', name=op.f('pk_progress'))
    )
    op.create_table('session_events',
    sa.Column('session', key, nullable=False),
    sa.Column('kind', text, nullable=False),
    sa.Column('at', sa.Double(), nullable=False),
    sa.Column('detail', long_text, nullable=True),
    sa.ForeignKeyConstraint(['session'], ['sessions.id'], name=op.f('fk_session_events_session'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('session', 'kind', name=op.f('pk_session_events')),
    sqlite_with_rowid=False
    )
    op.create_table('digests',
    sa.Column('session', key, autoincrement=False, nullable=False),
    sa.Column('mark', text, nullable=False),
    sa.Column('at', sa.Double(), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['session'], ['sessions.id'], name=op.f('fk_digests_session'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('session', name=op.f('pk_digests'))
    )
