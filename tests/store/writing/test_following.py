"""How far answers have come, and what hooks tell."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from claude_lens.store.happened_tables import progress, session_events
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from claude_lens.store.writing.following import ENDED, tell
from tests.store.conftest import Make, body_of, message_of

BEAT = (5.0, 6.0, 1_760_000_009.0, 400, 100)


def rows(url: str, table: Any) -> list[dict[str, Any]]:
    with Reader(url) as reader, reader.connect() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def test_progress_is_kept_while_it_runs(sink: StoreSink, url: str, make: Make) -> None:
    one, other = make(body_of("a")), make(body_of("b"))
    sink.arrived(one)
    sink.arrived(other)
    sink.flush()
    sink.follow({one.id: BEAT, other.id: (1.0, None, 1.0, 2, 0), "nobody": BEAT})
    found = {row["bytes"]: row for row in rows(url, progress)}
    assert set(found) == {400, 2}
    assert (found[400]["ttfb_ms"], found[400]["ttft_ms"], found[400]["tokens"]) == (5.0, 6.0, 100)
    assert found[400]["last_at"] == BEAT[2]
    sink.follow({one.id: (*BEAT[:3], 500, 120)})
    assert sorted(row["bytes"] for row in rows(url, progress)) == [2, 500]


def test_what_has_ended_has_no_progress(sink: StoreSink, url: str, make: Make) -> None:
    one = make(body_of("a"))
    sink.arrived(one)
    sink.flush()
    sink.follow({one.id: BEAT})
    sink.ended(make(body_of("a"), message_of(0), id=one.id))
    sink.follow({one.id: BEAT})
    sink.flush()
    sink.follow({one.id: BEAT})
    assert rows(url, progress) == []


def test_a_hook_tells_the_newest(sink: StoreSink, url: str, make: Make) -> None:
    sink.ended(make(body_of("a"), message_of(0), session="s"))
    sink.flush()
    assert tell(url, "s", ENDED, 7.0)
    assert tell(url, "s", ENDED, 9.0, "logout")
    assert not tell(url, "unknown", ENDED, 9.0)
    (row,) = rows(url, session_events)
    assert (row["kind"], row["at"], row["detail"]) == (ENDED, 9.0, "logout")
