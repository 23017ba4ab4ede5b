"""messages that are the same in another form"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table('identities',
    sa.Column('form', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('content', key, autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('form', 'content', name=op.f('pk_identities')),
    sqlite_with_rowid=False
    )
    op.create_table('aliases',
    sa.Column('content', key, autoincrement=False, nullable=False),
    sa.Column('same', key, nullable=False),
    sa.PrimaryKeyConstraint('content', name=op.f('pk_aliases')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('aliases', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_aliases_same'), ['same'], unique=False)
    # What is there already is looked through afterwards, a little at a time, while others write.
    top = op.get_bind().execute(sa.text('SELECT max(id) FROM contents')).scalar()
    if top is not None:
        told = sa.text("INSERT INTO meta (key, value) VALUES ('identifying', :value)")
        op.get_bind().execute(told, {'value': f'0/{top}'})
