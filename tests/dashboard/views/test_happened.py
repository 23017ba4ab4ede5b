"""The head of a session's page."""

from __future__ import annotations

import time

from starlette.testclient import TestClient

from claude_lens.store.sink import StoreSink
from tests.dashboard.conftest import text_of
from tests.dashboard.views.test_today import END, fill, who
from tests.store.conftest import Make, body_of, message_of


def test_the_state_of_a_session(client: TestClient, sink: StoreSink, make: Make) -> None:
    fill(sink, make)
    page = client.get("/sessions/tests").text
    assert "every 1s" in page
    assert "Running" in text_of(client.get("/sessions/tests"))
    assert "running Bash" in text_of(client.get("/sessions/tests/state"))
    done = client.get("/sessions/done")
    assert "every 1s" not in done.text
    assert "Last activity" in text_of(done)
    assert text_of(client.get("/sessions/done/state")).strip() == "done"
    assert client.get("/sessions/nobody/happened").status_code == 404


def test_time_and_money(client: TestClient, sink: StoreSink, make: Make) -> None:
    at = time.time() - 100
    sink.ended(make(body_of("a"), message_of(0), at=at, identity=who("s")))
    sink.ended(make(body_of("a", "b"), message_of(1), at=at + 40.9, identity=who("s"), **END))
    sink.flush()
    words = text_of(client.get("/sessions/s/happened"))
    assert "Time 41.8 s" in words
    assert "tools 40.0 s" in words
    assert "model 1.8 s" in words
    assert "Money $0.5000" in words
    assert "Bash 40.0 s" in words
