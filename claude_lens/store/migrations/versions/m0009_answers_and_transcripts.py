"""which answers the store has had, and which transcripts it has read"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table('answers',
    sa.Column('mark', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('exchange', key, nullable=False),
    sa.PrimaryKeyConstraint('mark', name=op.f('pk_answers')),
    sqlite_with_rowid=False
    )
    op.create_table('transcripts',
    sa.Column('file', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('modified', sa.BigInteger(), nullable=False),
    sa.Column('answers', sa.Integer(), nullable=False),
    sa.Column('reader', sa.SmallInteger(), nullable=False),
    sa.PrimaryKeyConstraint('file', name=op.f('pk_transcripts')),
    sqlite_with_rowid=False
    )
