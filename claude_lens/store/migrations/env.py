"""What Alembic runs: on the connection that ``database.migrate`` passes, within its transaction.

From the command line (``alembic -x url=sqlite:///FILE revision …``) it opens one of its own.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, create_engine

from claude_lens.store.happened_tables import whole
from claude_lens.store.schema import SEARCH, VERSION_TABLE


def _ours(name: str | None, kind: str, _: object) -> bool:
    # FTS5 keeps its index in tables of its own, which no migration makes.
    return kind != "table" or not (name or "").startswith(SEARCH)


def run(connection: Connection) -> None:
    """Bring the database behind ``connection`` up to date."""
    context.configure(
        connection=connection,
        target_metadata=whole,
        version_table=VERSION_TABLE,
        include_name=_ours,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with create_engine(context.get_x_argument(as_dictionary=True)["url"]).begin() as opened:
        run(opened)
