"""What came, and what changed since."""

from __future__ import annotations

import time
from dataclasses import replace

from claude_lens.store.reading import changes
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of


def test_the_newest_first_a_page_at_a_time(make: Make, sink: StoreSink, reader: Reader) -> None:
    for number in range(5):
        sink.ended(make(body_of(f"p{number}"), message_of(0), session=f"s{number % 2}"))
    sink.flush()
    with reader.connect() as connection:
        assert [row.key for row in changes.newest(connection, 2)] == [5, 4]
        assert [row.key for row in changes.newest(connection, 9, before=4)] == [3, 2, 1]
        assert [row.key for row in changes.newest(connection, 9, session="s1")] == [4, 2]
        assert changes.newest(connection, 1)[0].title == "p0"
        assert changes.top(connection) == 5


def test_new_ones_and_watched_ones_that_ended(make: Make, sink: StoreSink, reader: Reader) -> None:
    running = make(body_of("a"), at=time.time())
    sink.arrived(running)
    sink.ended(make(body_of("b"), message_of(0)))
    sink.flush()
    with reader.connect() as connection:
        assert [row.key for row in changes.since(connection, 0, [])] == [1, 2]
        assert changes.since(connection, 2, [1]) == []
    sink.ended(replace(make(body_of("a"), message_of(0)), id=running.id))
    sink.ended(make(body_of("c"), message_of(0)))
    sink.flush()
    with reader.connect() as connection:
        found = changes.since(connection, 2, [1])
    assert [(row.key, row.summary["status"]) for row in found] == [(1, "ok"), (3, "ok")]


def test_an_empty_database(reader: Reader) -> None:
    with reader.connect() as connection:
        assert changes.top(connection) == 0
        assert changes.newest(connection, 5) == []
        assert changes.since(connection, 0, [1]) == []
