"""Lanes and bars of a session's timeline."""

from __future__ import annotations

from dataclasses import replace

from claude_lens.dashboard.conversation import Session
from claude_lens.dashboard.timeline import ROW, WIDTH, Chart, chart
from claude_lens.exchange import Agent, Exchange
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.dashboard.test_conversation import S, said, user
from tests.store.conftest import Make

MISSED = {"second": "cache missed, expired: $0.30"}
PROMPTS = {"first": "begin", "second": "go on"}


def drawn(sink: StoreSink, reader: Reader, *exchanges: Exchange) -> Chart:
    """The chart of these."""
    for one in exchanges:
        sink.ended(one)
    sink.flush()
    with reader.connect() as connection:
        return chart(Session.read(connection, S), MISSED, PROMPTS)


def test_agents_have_lanes_below_their_parents(make: Make, sink: StoreSink, reader: Reader) -> None:
    body, answer = {"messages": [user("x")]}, said("y")
    inner, outer = Agent(id="in", parent_id="out", type="Plan"), Agent(id="out", type="Explore")
    found = drawn(
        sink,
        reader,
        make(body, answer, at=100.0),
        make(body, answer, at=101.0, agent=outer, request_class="subagent"),
        make(body, answer, at=102.0, agent=inner, request_class="subagent"),
        make(body, answer, at=102.0, agent=Agent(id="other", type="Explore"), request_class="subagent"),
    )
    assert [(lane.name, lane.depth) for lane in found.lanes] == [
        ("main", 0),
        ("Explore 1", 1),
        ("Plan", 2),
        ("Explore 2", 1),
    ]
    assert len({lane.colour for lane in found.lanes}) == 4
    assert found.height == 4 * ROW
    assert [bar.y for bar in found.bars] == [0, ROW, 2 * ROW, 3 * ROW]


def test_bars_are_where_and_as_long_as_they_were(make: Make, sink: StoreSink, reader: Reader) -> None:
    body = {"messages": [user("x")]}
    found = drawn(
        sink,
        reader,
        make(body, said("y"), at=100.0, duration_ms=2000.0),
        make(body, said("y"), at=108.0, duration_ms=2000.0, status="error"),
    )
    first, second = found.bars
    assert (first.x, round(first.width)) == (0.0, WIDTH / 5)
    assert (second.x, second.kind) == (WIDTH * 0.8, "error")
    assert found.total_ms == 10_000
    assert [words for _, words in found.ticks] == ["0 ms", "2.5 s", "5.0 s", "7.5 s", "10.0 s"]


def test_tools_fill_the_time_before_the_next_request(make: Make, sink: StoreSink, reader: Reader) -> None:
    body = {"messages": [user("x")]}
    second = make(body, said("y"), at=105.0, duration_ms=5000.0)
    second = replace(
        second, identity=replace(second.identity, tool_durations_ms=(("Bash", 2000), ("Read", 60_000)))
    )
    found = drawn(sink, reader, make(body, said("y"), at=100.0, duration_ms=1000.0), second)
    bash, read = (bar for bar in found.bars if bar.kind == "tool")
    assert (bash.x, round(bash.width)) == (300.0, 200)
    assert (read.x, round(read.width)) == (100.0, 400), "never longer than the time between"
    assert "Bash" in bash.label


def test_long_pauses_are_folded_and_the_axis_stays_true(make: Make, sink: StoreSink, reader: Reader) -> None:
    body = {"messages": [user("x")]}
    found = drawn(
        sink,
        reader,
        make(body, said("y"), at=100.0, duration_ms=40_000.0),
        make(body, said("y"), at=3_740.0, duration_ms=60_000.0),
    )
    first, second = found.bars
    # A hundred seconds of work, and an hour in a fiftieth of their room.
    assert (round(first.width), round(second.width)) == (round(1000 * 40 / 102), round(1000 * 60 / 102))
    (fold,) = found.folds
    assert (fold.label, round(fold.width)) == ("pause of 1 h 0 m", round(1000 * 2 / 102))
    assert found.total_ms == 3_700_000
    assert [words for _, words in found.ticks] == ["0 ms", "25.5 s", "1 h 0 m", "1 h 1 m", "1 h 1 m"]
    assert found.knots == [(0.0, 0), (first.width, 40_000), (second.x, 3_640_000), (1000.0, 3_700_000)]


def test_prompts_and_misses_are_marked_where_they_began(make: Make, sink: StoreSink, reader: Reader) -> None:
    body = {"messages": [user("x")]}
    found = drawn(
        sink,
        reader,
        make(body, said("y"), at=100.0, duration_ms=2000.0, id="first"),
        make(body, said("y"), at=105.0, duration_ms=5000.0, id="second"),
    )
    assert [(one.kind, one.x, one.exchange, one.label) for one in found.marks] == [
        ("prompt", 0.0, "first", "begin"),
        ("prompt", 500.0, "second", "go on"),
        ("miss", 500.0, "second", "cache missed, expired: $0.30"),
    ]
    assert found.kinds == {"ok", "prompt", "miss"}
