"""what of an answer's cost other models took"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sa.Text().with_variant(sa.Text(collation='C'), 'postgresql')
    op.add_column('exchanges', sa.Column('cost_parts', text, nullable=True))
