from collections.abc import Callable
from pathlib import Path

from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.search import parse, search
from tests.store.migrations.versions.conftest import SESSION, Older

NEW = {"identities", "aliases"}


def test_every_row_stays_and_what_is_to_be_looked_through_is_noted(
    older: Callable[[str], Older], recorded: Path
) -> None:
    one = older("0004")
    before = one.fill(recorded)

    one.upgrade("0005")

    after = one.rows()
    top = max(row["id"] for row in after["contents"])
    assert set(after) - set(before) == NEW
    assert not any(after[name] for name in NEW)
    assert {"key": "identifying", "value": f"0/{top}"} in after["meta"]
    assert all(row in after[name] for name in before for row in before[name])


def test_there_is_nothing_to_do_in_an_empty_one(older: Callable[[str], Older]) -> None:
    one = older("0005")
    assert [row["key"] for row in one.rows()["meta"]] == ["generation"]


def test_it_is_readable_as_before(older: Callable[[str], Older], recorded: Path) -> None:
    one = older("0004")
    one.fill(recorded)

    with Reader(one.url) as reader:
        assert reader.session(SESSION)["exchanges"] == 4
        assert verify(reader).sound
        with reader.connect() as connection:
            search(connection, parse("apple"))
    assert [row["key"] for row in one.rows()["meta"] if row["key"] == "identifying"] == []
