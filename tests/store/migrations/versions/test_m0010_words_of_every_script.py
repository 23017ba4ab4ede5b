from collections.abc import Callable
from pathlib import Path

from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.search import parse, search
from tests.store.migrations.versions.conftest import SESSION, Older


def test_every_row_stays_and_what_is_to_be_indexed_is_noted(
    older: Callable[[str], Older], recorded: Path
) -> None:
    one = older("0009")
    before = one.fill(recorded)

    one.upgrade("0010")

    after = one.rows()
    top = max(row["id"] for row in after["contents"])
    assert set(after) == set(before)
    assert {"key": "indexing", "value": f"{top}/{top}"} in after["meta"]
    assert all(row in after[name] for name in before for row in before[name])


def test_there_is_nothing_to_do_in_an_empty_one(older: Callable[[str], Older]) -> None:
    assert [row["key"] for row in older("0010").rows()["meta"]] == ["generation"]


def test_it_is_searched_as_before(older: Callable[[str], Older], recorded: Path) -> None:
    one = older("0009")
    one.fill(recorded)

    with Reader(one.url) as reader:
        assert reader.session(SESSION)["exchanges"] == 4
        assert verify(reader).sound
        with reader.connect() as connection:
            found = {hit["session_id"] for hit in search(connection, parse("apple OR avocado"))}
    assert found == {SESSION, "other"}
    assert [row for row in one.rows()["meta"] if row["key"] == "indexing"] == []
