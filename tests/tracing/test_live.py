"""The sink: exchanges in, spans at the backends, and backends' troubles told once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claude_lens.settings import Settings, load
from claude_lens.store.reading.queries import Reader
from claude_lens.tracing.backends import Backend, at
from claude_lens.tracing.live import TracingError, TracingSink, build_sink
from claude_lens.tracing.lookup import StoreLookup
from claude_lens.tracing.queue import SpanQueue
from claude_lens.tracing.tree import Tree
from tests.tracing.collector import Collector
from tests.tracing.talk import Talk, failed


@pytest.fixture
def lookup(tmp_path: Any) -> StoreLookup:
    return StoreLookup(Reader(f"sqlite:///{tmp_path}/none.db"))


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return load({"CLAUDE_LENS_HOME": str(tmp_path)})


@pytest.fixture
def sink(collector: Collector, lookup: StoreLookup, home: Settings) -> Iterator[TracingSink]:
    opened = build_sink(home, {}, lookup, [at(collector.url)])
    yield opened
    opened.close()


def sent(sink: TracingSink, key: str) -> Any:
    return sink.counters()["otlp"][key]


def until(sink: TracingSink, key: str, value: object, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while sent(sink, key) != value:
        assert time.monotonic() < deadline, sink.counters()
        time.sleep(0.01)


def test_a_turn_goes_out_as_it_happens(sink: TracingSink, collector: Collector) -> None:
    exchange = Talk().say("go").ask("done")
    sink.arrived(replace(exchange, status="running", response=None))
    sink.ended(exchange)
    sink.flush()
    until(sink, "sent", 2)
    assert sent(sink, "host") == collector.url.removeprefix("http://").partition("/")[0]
    assert sorted(span.name for span in collector.spans) == ["Turn 1", "chat claude-sonnet-4-5-20250929"]
    assert collector.posts[0].resource["openinference.project.name"] == "litellm-proxy"


def test_closing_completes_what_is_open(sink: TracingSink, collector: Collector) -> None:
    sink.ended(failed(Talk().say("go").ask("x")))
    sink.close()
    assert sorted(span.name for span in collector.spans) == ["Turn 1", "chat claude-sonnet-4-5-20250929"]


def test_time_alone_completes_what_nobody_goes_on_with(sink: TracingSink, collector: Collector) -> None:
    sink.ended(failed(Talk(at=time.time() - 1000).say("go").ask("x")))
    sink.idle()
    until(sink, "sent", 2)


def test_a_problem_is_raised_once_and_again_only_when_it_changes(
    sink: TracingSink, collector: Collector
) -> None:
    def problem() -> str | None:
        try:
            sink.flush()
        except TracingError as error:
            return str(error)
        return None

    collector.mode = 401
    sink.ended(Talk().say("go").ask("done"))
    until(sink, "refused", 2)
    told = problem()
    assert told is not None
    assert told.startswith("otlp: HTTP 401")
    assert problem() is None
    sink.ended(Talk().say("go").ask("done"))
    until(sink, "refused", 3 + 0)
    assert problem() is None
    collector.mode = 403
    sink.ended(Talk(prompt="p3").say("go").ask("done"))
    until(sink, "refused", 5)
    assert str(problem()).startswith("otlp: HTTP 403")
    collector.mode = "ok"
    sink.ended(Talk(prompt="p4").say("go").ask("done"))
    until(sink, "sent", 2)
    assert problem() is None
    assert sent(sink, "problem") is None


def test_two_backends_get_everything_and_do_not_hinder_each_other(
    collector: Collector, lookup: StoreLookup, home: Settings
) -> None:
    with Collector(mode="hang") as silent:
        one = Backend("arize", silent.url + "/v1/traces", "space", "key")
        sink = build_sink(home, {"ARIZE_PROJECT_NAME": "mine"}, lookup, [one, at(collector.url)])
        sink.ended(Talk().say("go").ask("done"))
        until(sink, "sent", 2)
        assert sink.counters()["arize"]["queued"] == 2
        begun = time.monotonic()
        sink.close()
        assert time.monotonic() - begun < 8
    assert collector.posts[0].resource["service.name"] == "mine"


def test_hidden_inputs_never_leave(
    collector: Collector, lookup: StoreLookup, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENINFERENCE_HIDE_INPUTS", "true")
    sink = build_sink(home, {}, lookup, [at(collector.url)])
    sink.ended(Talk().say("RECOGNISABLE").ask("done"))
    sink.close()
    assert len(collector.spans) == 2
    assert "RECOGNISABLE" not in str(collector.posts[0].message)


def test_schemas_where_asked_for(collector: Collector, lookup: StoreLookup, home: Settings) -> None:
    sink = build_sink(replace(home, trace_schemas=True), {}, lookup, [at(collector.url)])
    sink.ended(Talk().say("go").ask("done"))
    sink.close()
    assert "input_schema" in str(collector.posts[0].message)


def test_a_bug_in_building_reaches_the_recorder_not_the_backend(collector: Collector) -> None:
    class Broken(Tree):
        def ended(self, exchange: Any) -> Any:
            raise KeyError("bug")

    class Nowhere:
        def send(self, spans: Any) -> Any:
            raise AssertionError

        def close(self) -> None:
            return

    queue = SpanQueue("x", Nowhere())
    with pytest.raises(KeyError):
        TracingSink(Broken(), [queue]).ended(Talk().say("go").ask("x"))
    with suppress(KeyError):
        TracingSink(Broken(), [queue]).close()
