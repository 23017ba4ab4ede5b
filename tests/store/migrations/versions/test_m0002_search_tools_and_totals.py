import sqlite3
from collections.abc import Callable
from pathlib import Path

from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.search import parse, search
from tests.store.migrations.versions.conftest import SESSION, Older


def test_every_row_stays(older: Callable[[str], Older], recorded: Path) -> None:
    one = older("0001")
    before = one.fill(recorded)
    assert len(before["exchanges"]) == 5

    one.upgrade("0002")

    after = one.rows()
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"calls", "occurrences", "series", "timings", "tool_totals", "totals"}


def test_the_new_indexes_are_there(older: Callable[[str], Older]) -> None:
    one = older("0001")
    one.upgrade("0002")

    connection = sqlite3.connect(one.file)
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    connection.close()
    assert {"ix_exchanges_agent_name", "ix_exchanges_cost_usd", "ix_exchanges_failed"} <= names


def test_what_was_recorded_is_found_and_counted_when_it_is_opened(
    older: Callable[[str], Older], recorded: Path
) -> None:
    one = older("0001")
    one.fill(recorded)

    with Reader(one.url) as reader:
        assert reader.session(SESSION)["exchanges"] == 4
        assert verify(reader).sound
        with reader.connect() as connection:
            assert len(search(connection, parse("apple"))) > 0
    assert sum(row["requests"] for row in one.rows()["totals"]) == 4
