from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from claude_lens.exchange import Agent
from claude_lens.store import database
from claude_lens.store.maintenance.rebuild import rebuild
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.search import parse, search
from claude_lens.store.sink import StoreSink
from claude_lens.store.writing import tagging
from tests.store.conftest import Make, ask, body_of, indexed, message_of
from tests.store.earlier import take_back

DERIVED = ("identities", "aliases", "occurrences", "calls", "totals", "tool_totals", "timings")


def state(url: str) -> dict[str, list[Any]]:
    tables: dict[str, list[Any]] = {name: sorted(ask(url, f"SELECT * FROM {name}")) for name in DERIVED}
    return {**tables, "search": indexed(url, "answer", "echo", "apple", "avocado", "almond")}


def recorded(url: str) -> list[list[Any]]:
    """What does not follow from anything else, and cannot be made anew."""
    return [ask(url, f"SELECT * FROM {name}") for name in ("streams", "tags", "sizes")]


def fill(sink: StoreSink, make: Make) -> None:
    for turn in range(1, 4):
        result = {"type": "tool_result", "tool_use_id": f"toolu_{turn - 2}", "content": "fine"}
        body = body_of(*["apple"] * turn)
        if turn > 1:
            body["messages"][-1]["content"].append(result)
        sink.ended(make(body, message_of(turn - 1)))
    sink.ended(make(body, message_of(9)))
    sink.ended(make(body_of("avocado"), message_of(0), session="other", agent=Agent(id="a1", type="Plan")))
    sink.ended(make(raw=b"no json", answer={"error": {}}, status="error", usage=None))
    sink.arrived(make(body_of("almond")))
    sink.flush()


def test_everything_comes_out_the_same(url: str, sink: StoreSink, make: Make) -> None:
    fill(sink, make)
    tagging.change(url, "other", add=["kept"])
    before, kept = state(url), recorded(url)
    engine = database.open_writer(database.parse(url))
    with engine.begin() as connection:
        rebuild(connection)
    engine.dispose()

    assert state(url) == before
    assert recorded(url) == kept
    assert all(kept)
    assert all(before[name] for name in before if name != "aliases")


@pytest.mark.sqlite
def test_a_database_of_the_first_version_becomes_searchable(
    url: str, sink: StoreSink, reader: Reader, make: Make
) -> None:
    fill(sink, make)
    sink.close()
    with reader.connect() as opened:
        hits = [hit["cursor"] for hit in search(opened, parse("apple"))]
    before = state(url)
    take_back(url, "0004")
    with sqlite3.connect(database.file_of(database.parse(url)) or "") as connection:
        for name in (
            *(one for one in DERIVED if one not in ("identities", "aliases")),
            "series",
            "search",
            "streams",
            "tags",
            "sizes",
        ):
            connection.execute(f"DROP TABLE {name}")
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
        ]
        for name in names:
            if name.startswith("ix_exchanges") and name not in (
                "ix_exchanges_session_started_at",
                "ix_exchanges_started_at",
                "ix_exchanges_running",
            ):
                connection.execute(f"DROP INDEX {name}")
        connection.execute("UPDATE schema_version SET version_num = '0001'")
    connection.close()

    reader.close()
    with reader.connect() as opened:
        assert sorted(hit["cursor"] for hit in search(opened, parse("apple"))) == sorted(hits)
    after = state(url)
    assert {name: len(rows) for name, rows in after.items()} == {
        name: len(rows) for name, rows in before.items()
    }
