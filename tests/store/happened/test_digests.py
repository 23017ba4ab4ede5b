"""What happened in a session, worked out once for as long as nothing changes."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from claude_lens.exchange import Usage
from claude_lens.store.happened import digests as module
from claude_lens.store.happened.digests import Digest, digests_of, marks
from claude_lens.store.maintenance.digest import work_out
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import T0, Make, body_of, message_of

ASKED = "prompt " * 2000


def fill(sink: StoreSink, make: Make) -> None:
    """A session of a tool of 4 s, a 529 with its pause, and a cache that was lost."""
    wrote = Usage(
        input_tokens=3, output_tokens=5, cache_creation_input_tokens=9000, cache_creation_5m_input_tokens=9000
    )
    sink.ended(make(body_of(ASKED), message_of(0), at=T0, usage=wrote))
    two = body_of(ASKED, "two")
    failed: dict[str, Any] = {"status": "error", "http_status": 529, "duration_ms": 100.0, "usage": None}
    sink.ended(make(two, {"type": "error"}, at=T0 + 4.9, stop_reason=None, **failed))
    sink.ended(make(two, message_of(1), at=T0 + 7, usage=wrote))
    sink.flush()


def test_a_digest_says_where_time_and_money_went(sink: StoreSink, url: str, make: Make) -> None:
    fill(sink, make)
    with Reader(url) as reader, reader.connect() as connection:
        (found,) = digests_of(connection, [1]).values()
    times = found["times"]
    assert (times["model_ms"], times["tools_ms"], times["retries_ms"]) == (1800.0, 4000.0, 2100.0)
    assert [(one["ms"], one["why"]) for one in found["retried"]] == [(2100.0, "529")]
    (main,) = found["money"]
    assert main["agent"] == "main"
    assert main["usd"] == pytest.approx(
        sum(main[name] for name in ("fresh", "write", "read", "output", "other"))
    )
    (miss,) = found["missed"]
    assert miss["tokens"] > 0
    assert found["changes"] == []


def test_what_is_kept_is_read_and_what_changed_worked_out_anew(
    sink: StoreSink, url: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(sink, make)
    assert work_out(url) == 1
    assert work_out(url) == 0
    counted: list[int] = []
    worked_out = module.digest

    def counting(connection: Connection, key: int, name: str) -> Digest:
        counted.append(key)
        return worked_out(connection, key, name)

    monkeypatch.setattr(module, "digest", counting)
    with Reader(url) as reader, reader.connect() as connection:
        kept = digests_of(connection, [1])
    assert counted == []
    sink.ended(make(body_of("z"), message_of(1), at=T0 + 20))
    sink.flush()
    with Reader(url) as reader, reader.connect() as connection:
        fresh = digests_of(connection, [1])
        assert digests_of(connection, [1]) == fresh
        assert set(marks(connection, [1, 99])) == {1}
    assert counted == [1]
    assert fresh[1]["times"]["total_ms"] > kept[1]["times"]["total_ms"]
