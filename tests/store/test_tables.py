from __future__ import annotations

from sqlalchemy import inspect

from claude_lens.store import database
from claude_lens.store.schema import metadata
from claude_lens.store.tables import answers, transcripts


def test_a_database_has_them(url: str) -> None:
    assert {answers, transcripts} <= set(metadata.sorted_tables)
    engine = database.open_writer(database.parse(url))
    assert {answers.name, transcripts.name} <= set(inspect(engine).get_table_names())
    engine.dispose()
