"""A row that is there already stays as it is, whatever the database."""

from __future__ import annotations

from sqlalchemy import select

from claude_lens.store.database import open_writer, parse
from claude_lens.store.schema import meta
from claude_lens.store.upsert import insert_into


def test_a_row_twice(url: str) -> None:
    engine = open_writer(parse(url))
    try:
        for value in ("first", "second"):
            with engine.begin() as connection:
                insert = insert_into(connection, meta).on_conflict_do_nothing()
                connection.execute(insert, [{"key": "a test's", "value": value}])
        with engine.begin() as connection:
            kept = connection.scalars(select(meta.c.value).where(meta.c.key == "a test's")).all()
    finally:
        engine.dispose()
    assert kept == ["first"]
