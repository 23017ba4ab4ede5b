"""The system page without a proxy; with one it is looked at in a browser."""

from __future__ import annotations

import uuid
from importlib import metadata
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from claude_lens import settings as setting_table
from claude_lens.dashboard.app import create_app
from claude_lens.dashboard.server import link
from claude_lens.settings import Settings
from claude_lens.store import database
from claude_lens.store.schema import sizes
from claude_lens.store.sink import StoreSink
from tests.dashboard.conftest import ORIGIN, PORT, text_of
from tests.harness import Proxy
from tests.harness.client import MODEL
from tests.harness.proxy import until
from tests.store.conftest import Make, body_of, message_of
from tests.tracing.collector import Collector
from tests.upstream import Provider


def test_a_proxy_that_is_down_is_said_so(client: TestClient) -> None:
    words = text_of(client.get("/system"))
    assert "not running" in words
    assert "lensctl up" in words
    assert "http://127.0.0.1:9" in words
    assert "lens.db" in words


def test_only_the_part_that_changes_is_asked_for_again(client: TestClient) -> None:
    part = client.get("/system", headers={"hx-request": "true"}).text
    assert "<html" not in part
    assert "not running" in part


def test_versions_and_routes_are_there_without_a_proxy(client: TestClient) -> None:
    words = text_of(client.get("/system"))
    assert f"LiteLLM {metadata.version('litellm')}" in words
    assert "No rules: every agent gets the model that it asks for." in words
    assert "Known while the proxy runs." in words


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "Tracing off"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://me:secret@there.example:4318"}, "Host there.example:4318"),
        ({"ARIZE_API_KEY": "k", "ARIZE_SPACE_ID": "s"}, "Host otlp.arize.com"),
        ({"ARIZE_API_KEY": "k"}, "Tracing not set up"),
    ],
    ids=["off", "otlp", "arize", "half"],
)
def test_tracing_as_it_is_set(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], said: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    words = text_of(client.get("/system"))
    assert said in words
    assert "secret" not in words


@pytest.mark.slow
def test_a_proxy_that_traces(tmp_path: Path, upstream: Provider) -> None:
    with Collector() as collector:
        home = tmp_path / "home"
        with Proxy(
            home, upstream.url, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, CLAUDE_LENS_STRICT="0"
        ) as proxy:
            settings = setting_table.parse(proxy.environment)
            app = create_app(settings, "127.0.0.1", PORT)
            with TestClient(app, base_url=ORIGIN, follow_redirects=False) as browser:
                browser.get(link(settings, ORIGIN))

                def said(words: str) -> None:
                    until(lambda: words in text_of(browser.get("/system")), 15, lambda: words)

                ask(proxy)
                said("LiteLLM loaded when needed")
                said("Recorded 1 ")
                said("Tracing on To otlp Host " + collector.url.removeprefix("http://").partition("/")[0])
                said("Exported 2 spans ")
                collector.mode = 401
                ask(proxy)
                said("Tracing in trouble")
                said("HTTP 401")
                said("Failed 2 refused, 0 dropped")


def ask(proxy: Proxy) -> None:
    """One request that is a prompt of its own: a model call, and the agent above it."""
    messages = [{"role": "user", "content": str(uuid.uuid4())}]
    more = {"x-claude-code-session-id": str(uuid.uuid4())}
    proxy.post({"model": MODEL, "max_tokens": 9, "messages": messages}, **more)
    proxy.settled()


def test_growth_of_the_database(client: TestClient, settings: Settings, make: Make, sink: StoreSink) -> None:
    assert "Growth known once there are sizes of two days" in text_of(client.get("/system"))
    sink.ended(make(body_of("a"), message_of(0)))
    sink.flush()
    assert "Growth known once there are sizes of two days" in text_of(client.get("/system"))
    engine = database.open_writer(database.parse(settings.database_url))
    with engine.begin() as connection:
        today = connection.execute(select(sizes.c.day)).scalar_one()
        for before, size in ((0, 12 << 20), (1, 13 << 20), (9, 3 << 20)):
            connection.execute(sizes.delete().where(sizes.c.day == today - before))
            row = {"day": today - before, "at": 0.0, "bytes": size, "exchanges": 1}
            connection.execute(sizes.insert(), row)
    engine.dispose()
    words = text_of(client.get("/system"))
    assert "Growth, last day -1.0 MB a day Growth, 9 days 1.0 MB a day" in words
    assert "Event streams on" in words
