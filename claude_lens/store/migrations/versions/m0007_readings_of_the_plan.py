"""readings of a subscription's windows"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    text = sa.String().with_variant(sa.String(collation='C'), 'postgresql')
    op.create_table('plan_readings',
    sa.Column('exchange', key, nullable=False),
    sa.Column('window', text, nullable=False),
    sa.Column('account', text, nullable=False),
    sa.Column('at', sa.Double(), nullable=False),
    sa.Column('used', sa.Double(), nullable=False),
    sa.Column('resets_at', sa.Double(), nullable=True),
    sa.Column('status', text, nullable=True),
    sa.Column('representative', sa.SmallInteger(), nullable=False),
    sa.ForeignKeyConstraint(['exchange'], ['exchanges.id'], name=op.f('fk_plan_readings_exchange'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('exchange', 'window', name=op.f('pk_plan_readings')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('plan_readings', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_plan_readings_account_window_at'), ['account', 'window', 'at'], unique=False)
