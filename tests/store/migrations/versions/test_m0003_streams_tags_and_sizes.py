import sqlite3
from collections.abc import Callable
from pathlib import Path

from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.raw import raw
from claude_lens.store.reading.search import parse, search
from claude_lens.store.schema import CREATE_SEARCH, SEARCH
from claude_lens.store.sink import StoreSink
from claude_lens.store.writing import tagging
from tests.store.conftest import Make, body_of, message_of
from tests.store.migrations.versions.conftest import SESSION, Older

NEW = {"streams", "tags", "sizes"}


def test_every_row_stays(older: Callable[[str], Older], recorded: Path) -> None:
    one = older("0002")
    before = one.fill(recorded)
    assert len(before["exchanges"]) == 5
    assert before["totals"]

    one.upgrade("0003")

    after = one.rows()
    assert {name: after[name] for name in before} == before
    assert {name: after[name] for name in set(after) - set(before)} == {name: [] for name in NEW}


def test_the_search_index_stays(older: Callable[[str], Older]) -> None:
    one = older("0002")
    connection = sqlite3.connect(one.file)
    connection.execute(CREATE_SEARCH)
    connection.execute(f"INSERT INTO {SEARCH}(rowid, prompt) VALUES (7, 'apple')")
    connection.commit()

    one.upgrade("0003")

    found = connection.execute(f"SELECT rowid FROM {SEARCH} WHERE {SEARCH} MATCH 'apple'").fetchall()
    connection.close()
    assert found == [(7,)]


def test_it_goes_on_from_there(older: Callable[[str], Older], recorded: Path, make: Make) -> None:
    one = older("0002")
    one.fill(recorded)
    sink = StoreSink(one.url)
    new = make(body_of("banana"), message_of(3), id="f" * 32)
    sink.ended(new)
    sink.close()
    tagging.change(one.url, SESSION, add=["later"])

    with Reader(one.url) as reader:
        assert reader.session(SESSION)["exchanges"] == 5
        assert reader.session(SESSION)["tags"] == ["later"]
        assert verify(reader).sound
        with reader.connect() as connection:
            assert new.response is not None
            assert raw(connection, new.id).body == new.response.body
            earlier = raw(connection, f"{1:032x}")
            assert search(connection, parse("banana"))
    assert earlier.body is None
    assert "an earlier version" in earlier.why
    assert len(one.rows()["sizes"]) == 1
