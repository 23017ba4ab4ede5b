from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from claude_lens.store import database, schema


def test_the_migrations_make_these_tables(url: str) -> None:
    # FTS5 keeps its index in tables of its own.
    options = {
        "version_table": schema.VERSION_TABLE,
        "include_name": lambda name, kind, _: kind != "table" or not (name or "").startswith(schema.SEARCH),
    }
    engine = database.open_writer(database.parse(url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        difference = compare_metadata(context, schema.metadata)
    engine.dispose()

    assert difference == []


def test_head_is_the_newest_migration_and_numbers_grow() -> None:
    scripts = ScriptDirectory(str(Path(database.__file__).parent / "migrations"))
    revisions = [script.revision for script in scripts.walk_revisions()]

    assert scripts.get_current_head() == schema.HEAD
    assert revisions == sorted(revisions, reverse=True)
