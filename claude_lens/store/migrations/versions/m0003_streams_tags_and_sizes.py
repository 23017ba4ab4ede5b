"""streams, tags and sizes"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('sizes',
    sa.Column('day', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('at', sa.Double(), nullable=False),
    sa.Column('bytes', sa.BigInteger(), nullable=False),
    sa.Column('exchanges', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_sizes'))
    )
    op.create_table('tags',
    sa.Column('session', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('tag', sa.String(), nullable=False),
    sa.Column('at', sa.Double(), nullable=False),
    sa.ForeignKeyConstraint(['session'], ['sessions.id'], name=op.f('fk_tags_session'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('session', 'key', name=op.f('pk_tags')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('tags', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_tags_key'), ['key'], unique=False)

    op.create_table('streams',
    sa.Column('exchange', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('codec', sa.SmallInteger(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['exchange'], ['exchanges.id'], name=op.f('fk_streams_exchange'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('exchange', name=op.f('pk_streams'))
    )
