"""The gauge on every page, and the page of plan and limits."""

from __future__ import annotations

import time
from pathlib import Path

from starlette.testclient import TestClient

from claude_lens.exchange import Agent, Cost, Exchange, Identity, Response
from claude_lens.settings import Settings
from claude_lens.store.sink import StoreSink
from tests.dashboard.conftest import text_of


def fill(settings: Settings) -> None:
    sink = StoreSink(settings.database_url)
    sink.writer.open()
    now = time.time()
    for number, used in enumerate(("0.5", "0.86")):
        headers = (
            ("anthropic-ratelimit-unified-5h-utilization", used),
            ("anthropic-ratelimit-unified-5h-reset", f"{now + 3600:.0f}"),
            ("anthropic-ratelimit-unified-5h-status", "allowed_warning"),
        )
        identity = Identity(session_id="s-plan", project="/p", agent=Agent(evidence="default"))
        sink.ended(
            Exchange(
                id=f"plan{number}",
                status="ok",
                identity=identity,
                started_at=now - 60 + number * 5,
                duration_ms=10.0,
                ttfb_ms=5.0,
                cost=Cost(usd=2.0),
                response=Response(headers=headers),
            )
        )
    sink.close()


def test_nothing_to_show(client: TestClient) -> None:
    assert client.get("/plan/gauge").text.strip() == ""
    words = text_of(client.get("/plan"))
    assert "No reading of a plan yet" in words
    assert "lensctl guard set" in words


def test_every_page_asks_for_the_gauge(client: TestClient) -> None:
    assert 'hx-get="/plan/gauge"' in client.get("/system").text


def test_windows_and_limits(client: TestClient, settings: Settings) -> None:
    fill(settings)
    Path(settings.home, "guard.yaml").write_text("rules:\n  - {project: /p, limit: 4/day}\n  - depth: 9\n")
    gauge = client.get("/plan/gauge").text
    assert "86 %" in gauge
    assert gauge.count("gauge warned") == 1
    assert "project:/p/day: $4.00 of $4.00" in gauge
    words = text_of(client.get("/plan"))
    assert "5h · 86 % used" in words
    assert "elsewhere" in words
    assert "project:/p/day" in words
