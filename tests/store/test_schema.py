from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from claude_lens.store import database, schema


def test_the_migrations_make_these_tables(url: str) -> None:
    engine = database.open_writer(database.parse(url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": schema.VERSION_TABLE})
        difference = compare_metadata(context, schema.metadata)
    engine.dispose()

    assert difference == []


def test_head_is_the_newest_migration_and_numbers_grow() -> None:
    scripts = ScriptDirectory(str(Path(database.__file__).parent / "migrations"))
    revisions = [script.revision for script in scripts.walk_revisions()]

    assert scripts.get_current_head() == schema.HEAD
    assert revisions == sorted(revisions, reverse=True)
