"""What an earlier process could not send arrives after the next start, once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from claude_lens.settings import Settings, load
from claude_lens.store.reading.queries import Reader, open_reader
from claude_lens.tracing.backends import at
from claude_lens.tracing.catching_up import sessions_since, spans_since
from claude_lens.tracing.live import TracingSink, build_sink
from claude_lens.tracing.lookup import StoreLookup
from claude_lens.tracing.tree import Tree
from claude_lens.tracing.unsent import left, waiting
from tests.tracing.collector import Collector
from tests.tracing.talk import START, Talk
from tests.tracing.test_backfill import store


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("CLAUDE_LENS_HOME", str(tmp_path))
    return load()


def opened(settings: Settings, collector: Collector) -> TracingSink:
    return build_sink(settings, {}, StoreLookup(Reader(settings.database_url)), [at(collector.url)])


def until_sent(collector: Collector, count: int) -> None:
    deadline = time.monotonic() + 30
    while len(collector.spans) < count:
        assert time.monotonic() < deadline, [span.name for span in collector.spans]
        time.sleep(0.02)


def test_a_stop_while_the_backend_is_down(settings: Settings, collector: Collector) -> None:
    collector.stop()
    first = opened(settings, collector)
    exchange = Talk(at=time.time()).say("go").ask("done")
    store(exchange)
    first.ended(exchange)
    begun = time.monotonic()
    first.close()
    assert 4 < time.monotonic() - begun < 9, "the time that is documented, and no more"
    assert "2 spans wait for the tracing backend (no connection)" in str(waiting(settings.home))
    collector.start()
    second = opened(settings, collector)
    until_sent(collector, 2)
    assert sorted(span.name for span in collector.spans) == ["Turn 1", "chat claude-sonnet-4-5-20250929"]
    deadline = time.monotonic() + 20
    while list(left(settings.home)) or second.catching_up is None or not second.catching_up.done:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    second.close()
    third = opened(settings, collector)
    assert third.catching_up is None
    third.close()
    assert len(collector.spans) == 2


def test_only_what_is_missing_is_built_again(settings: Settings) -> None:
    early = Talk(session="early", at=START).say("one").ask("1")
    late = Talk(session="late", at=START + 1000).say("two").ask("2")
    newest = Talk(session="newest", at=START + 2000).say("three").ask("3")
    store(early, late, newest)
    with open_reader(settings) as reader:
        assert sessions_since(reader, START + 500, START + 1500) == ["late"]
        found = list(spans_since(reader, Tree, START + 500, START + 1500))
        assert {span.attributes.get("session.id") for span in found} == {"late"}
        assert len(found) == 2
