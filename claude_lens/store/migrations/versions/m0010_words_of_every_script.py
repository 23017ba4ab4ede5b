"""words of every script in the search index"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    bind = op.get_bind()
    top = bind.execute(sa.text('SELECT max(id) FROM contents')).scalar()
    if bind.dialect.name == 'sqlite':
        there = bind.execute(sa.text("SELECT 1 FROM sqlite_master WHERE name = 'search'")).scalar()
        # Dropping a large one takes long: that is done afterwards, a little at a time.
        if there and top is not None:
            op.execute('ALTER TABLE search RENAME TO search_before')
        elif there:
            op.execute('DROP TABLE search')
        op.execute(
            "CREATE VIRTUAL TABLE search USING fts5(prompt, answer, thinking, input, result, content='', "
            'columnsize=0, tokenize="ascii tokenchars \'.+#=\'")'
        )
    # What is there already is put into it afterwards, a little at a time, while others write.
    if top is not None:
        told = sa.text("INSERT INTO meta (key, value) VALUES ('indexing', :value)")
        bind.execute(told, {'value': f'{top}/{top}'})
