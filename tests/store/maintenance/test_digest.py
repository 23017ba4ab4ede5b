"""Digests of sessions that are quiet, worked out beside the recorder."""

from __future__ import annotations

import time

from claude_lens.store.maintenance.digest import QUIET, is_left, left, work_out
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import T0, Make, body_of, message_of


def test_quiet_sessions_wait_for_theirs(sink: StoreSink, url: str, make: Make) -> None:
    sink.ended(make(body_of("a"), message_of(0), session="quiet", at=T0))
    sink.ended(make(body_of("b"), message_of(0), session="busy", at=T0 + QUIET))
    sink.flush()
    with Reader(url) as reader, reader.connect() as connection:
        assert [name for _, name in left(connection, 0, T0 + QUIET + 1)] == ["quiet"]
        assert [name for _, name in left(connection, 0, T0 + 2 * QUIET + 1)] == ["quiet", "busy"]
        assert left(connection, 2, T0 + 9 * QUIET) == []


def test_a_session_waits_until_it_was_looked_through_too(sink: StoreSink, url: str, make: Make) -> None:
    sink.ended(make(body_of("a"), message_of(0), at=T0))
    sink.flush()
    with Reader(url) as reader:
        with reader.connect() as connection:
            assert not is_left(connection, T0 + QUIET - 1)
            assert is_left(connection, T0 + QUIET + 1)
        assert work_out(url) == 1
        with reader.connect() as connection:
            assert left(connection, 0, time.time()) == []
            assert is_left(connection, time.time())
