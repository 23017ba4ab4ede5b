"""Sessions as ``lensctl sessions --json`` tells them."""

from __future__ import annotations

from claude_lens.happened.states import iso
from claude_lens.store.happened.listing import told
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import T0, Make, body_of, message_of


def test_what_happened_is_told_beside_what_it_is(sink: StoreSink, url: str, make: Make) -> None:
    sink.ended(make(body_of("a"), message_of(0), session="old", at=T0))
    sink.ended(make(body_of("a"), {"error": 1}, session="old", at=T0 + 10, status="error", http_status=400))
    sink.ended(make(body_of("b"), message_of(0), session="new", at=T0 + 100, request_class="count"))
    running = make(body_of("b"), session="new", at=T0 + 200)
    sink.arrived(running)
    sink.flush()
    sink.follow({running.id: (1.0, 2.0, T0 + 230, 10, 3)})
    with Reader(url) as reader:
        new, old = told(reader, reader.sessions(), T0 + 231)
    assert (old["errors"], new["errors"]) == (1, 0)
    assert old["last_activity"] == iso(T0 + 10.9)
    assert new["last_activity"] == iso(T0 + 230)
    assert old["state"] is not None
    assert (old["state"]["kind"], old["state_since"]) == ("error", iso(T0 + 10.9))
    assert set(old["time"]) >= {"model_ms", "tools_ms", "retries_ms", "waiting_ms"}
    assert (old["files_changed"], old["missed_usd"]) == (0, 0.0)


def test_nothing_is_told_of_nothing(url: str) -> None:
    with Reader(url) as reader:
        assert told(reader, []) == []
