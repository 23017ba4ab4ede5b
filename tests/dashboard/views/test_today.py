"""Today, over a store of our own making."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from starlette.testclient import TestClient

from claude_lens.exchange import Cost, Identity
from claude_lens.store.sink import StoreSink
from tests.dashboard.conftest import text_of
from tests.store.conftest import Make, body_of, message_of

END: dict[str, Any] = {"stop_reason": "end_turn"}


def who(session: str, entry: str = "cli") -> Identity:
    agent = f"claude-cli/2.1.329 (external, {entry})"
    return Identity(session_id=session, request_class="main", client=agent, project="/home/me/app")


def fill(sink: StoreSink, make: Make) -> None:
    now = time.time()
    running = make(body_of("fix the build"), at=now - 3, identity=who("runs"))
    sink.arrived(running)
    sink.ended(make(body_of("run the tests"), message_of(0), at=now - 40, identity=who("tests")))
    sink.ended(make(body_of("what now"), message_of(0), at=now - 60, identity=who("waits"), **END))
    dear = {"cost": Cost(usd=7.5), "identity": who("done", "sdk-cli")}
    sink.ended(make(body_of("write docs"), message_of(0), at=now - 90, **dear, **END))
    failed: dict[str, Any] = {"status": "error", "http_status": 400, "stop_reason": None, "error": "bad <b>"}
    sink.ended(make(body_of("break it"), {"e": 1}, at=now - 50, identity=who("failed"), **failed))
    sink.flush()
    sink.follow({running.id: (10.0, 20.0, now - 0.2, 900, 212)})


def test_who_works_and_who_waits(client: TestClient, sink: StoreSink, make: Make) -> None:
    fill(sink, make)
    shown = text_of(client.get("/"))
    for words in ("At work 2", "fix the build", "streaming", "212 tokens", "Waiting for you 1", "what now"):
        assert words in shown
    assert "running Bash" in shown
    assert "echo 0" in shown
    assert "write docs" not in shown


def test_what_ended_and_what_it_cost(client: TestClient, sink: StoreSink, make: Make) -> None:
    fill(sink, make)
    shown = client.get("/today/since")
    words = text_of(shown)
    assert "Since midnight" in words
    if datetime.now().hour:
        for piece in ("write docs", "done", "break it", "error", "Failed requests and the pauses", "$7.50"):
            assert piece in words
    assert "bad &lt;b&gt;" in shown.text
    # The next look within the same visit still tells it.
    assert "Since midnight" in text_of(client.get("/today/since"))


def test_nothing_yet(client: TestClient) -> None:
    shown = text_of(client.get("/"))
    assert "Nothing runs" in shown
    assert "Nobody waits for you" in shown
    later = text_of(client.get("/today/since"))
    for words in ("Nothing finished or failed", "Nothing was lost", "Nothing was spent"):
        assert words in later
