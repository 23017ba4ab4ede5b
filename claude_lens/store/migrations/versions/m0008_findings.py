"""findings that were accepted, and what was wasted in each session"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    short = sa.String().with_variant(sa.String(collation='C'), 'postgresql')
    text = sa.Text().with_variant(sa.Text(collation='C'), 'postgresql')
    op.create_table('accepted_findings',
    sa.Column('finding', short, nullable=False),
    sa.Column('kind', short, nullable=False),
    sa.Column('subject', text, nullable=False),
    sa.Column('project', text, nullable=True),
    sa.Column('sentence', text, nullable=False),
    sa.Column('at', sa.Double(), nullable=False),
    sa.PrimaryKeyConstraint('finding', name=op.f('pk_accepted_findings'))
    )
    op.create_table('session_findings',
    sa.Column('session', key, nullable=False),
    sa.Column('rules', sa.SmallInteger(), nullable=False),
    sa.Column('stamp', short, nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['session'], ['sessions.id'], name=op.f('fk_session_findings_session'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('session', name=op.f('pk_session_findings')),
    sqlite_with_rowid=False
    )
