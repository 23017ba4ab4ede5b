"""Traces of recorded sessions: the same spans that live tracing sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from claude_lens.errors import HostError, NotFound, UserError
from claude_lens.exchange import Exchange
from claude_lens.settings import load
from claude_lens.store.reading.queries import Reader, open_reader
from claude_lens.store.sink import open_sink
from claude_lens.tracing.backfill import AT_ONCE, recorded, send_session, spans_of
from claude_lens.tracing.spans import Span
from claude_lens.tracing.tree import Tree
from tests.tracing.collector import Collector
from tests.tracing.sessions import nested, parallel_tools, play, two_subagents
from tests.tracing.talk import SESSION, Talk, failed
from tests.tracing.trees import drawn


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_LENS_HOME", str(tmp_path))


@pytest.fixture
def reader() -> Reader:
    return open_reader(load())


def store(*exchanges: Exchange) -> None:
    sink = open_sink(load())
    for exchange in exchanges:
        sink.ended(exchange)
    sink.flush()
    sink.close()


def by_id(spans: list[Span]) -> dict[int, Span]:
    return {span.span_id: span for span in spans}


@pytest.mark.parametrize("make", [parallel_tools, two_subagents, nested])
def test_the_same_spans_as_live(make: object, reader: Reader) -> None:
    exchanges = make()  # type: ignore[operator]
    live = play(Tree(), *exchanges)
    store(*exchanges)
    later = list(spans_of(Tree(), recorded(reader, SESSION)))
    assert by_id(later) == by_id(live)


def test_what_still_runs_is_left_out_and_what_failed_is_completed(reader: Reader) -> None:
    refused = failed(Talk().say("go").ask("x"))
    running = replace(
        Talk(prompt="p2", at=refused.started_at + 9).say("on").ask("y"), status="running", response=None
    )
    store(refused, running)
    assert [name for ((name, _),) in drawn(spans_of(Tree(), recorded(reader, SESSION)))] == ["Turn 1"]


def test_long_sessions_are_read_in_parts(reader: Reader) -> None:
    talk = Talk()
    many = []
    for number in range(AT_ONCE * 2 + 3):
        talk.prompt = f"p{number}"
        many.append(talk.say("on").ask("ok"))
    store(*many)
    assert [one.id for one in recorded(reader, SESSION)] == [one.id for one in many]


def test_sending_to_a_backend(reader: Reader, collector: Collector) -> None:
    store(*nested())
    (sent,) = send_session(load(), reader, SESSION[:6], collector.url)
    assert (sent.backend, sent.endpoint, sent.spans) == ("otlp", collector.url + "/v1/traces", 10)
    assert len(collector.spans) == 10
    collector.mode = 403
    with pytest.raises(HostError, match="HTTP 403"):
        send_session(load(), reader, SESSION, collector.url)


def test_to_the_configured_backends(
    reader: Reader, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(*nested())
    with pytest.raises(UserError, match="no backend"):
        send_session(load(), reader, "last")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    send_session(load(), reader, "last")
    assert len(collector.spans) == 10
    with pytest.raises(NotFound):
        send_session(load(), reader, "unknown")
