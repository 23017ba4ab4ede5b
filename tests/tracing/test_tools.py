"""The TOOL span: every attribute, and times from the client's own durations."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from claude_lens.tracing import names
from claude_lens.tracing.bounds import Collector
from claude_lens.tracing.identity import Node
from claude_lens.tracing.tools import NO_RESULT, ran, tool_span, unfinished
from tests.tracing.talk import START, Talk, result, use

NODE = Node(trace_id=1, span_id=2, parent_id=3, agent="main", graph="main")


def asked(*results: object, durations: list[tuple[str, int]]) -> Talk:
    talk = Talk().say("go")
    talk.ask(
        use("Bash", "t1", command="ls"), use("Read", "t2", file_path="x"), use("Bash", "t3", command="pwd")
    )
    talk.say(*results)  # type: ignore[arg-type]
    return talk


def test_every_attribute() -> None:
    talk = asked(result("t1", "a.txt\n<system-reminder>n</system-reminder>"), durations=[])
    exchange = talk.ask("ok", after=2, durations=[("Bash", 700)])
    (one,) = ran(exchange)
    span = tool_span(exchange, one, NODE, Collector())
    assert (span.name, span.outcome, span.message, span.events) == ("Bash", "ok", None, ())
    assert (span.start_ns, span.end_ns) == (int((START + 2.3) * 1000) * 10**6, int(START + 3) * 10**9)
    left = dict(span.attributes)
    assert left.pop(names.KIND) == "TOOL"
    assert left.pop(names.TOOL_NAME) == left.pop(names.GEN_AI_TOOL_NAME) == "Bash"
    assert left.pop(names.GEN_AI_OPERATION) == "execute_tool"
    assert left.pop(names.GEN_AI_TOOL_CALL_ID) == "t1"
    assert json.loads(str(left.pop(names.INPUT_VALUE))) == {
        "type": "tool_use",
        "name": "Bash",
        "input": {"command": "ls"},
    }
    assert left.pop(names.INPUT_MIME) == "application/json"
    assert json.loads(str(left.pop(names.TOOL_PARAMETERS))) == {"command": "ls"}
    assert (left.pop(names.OUTPUT_VALUE), left.pop(names.OUTPUT_MIME)) == ("a.txt", "text/plain")
    assert left.pop(names.SESSION_ID) == left.pop(names.GEN_AI_CONVERSATION)
    assert left.pop(names.USER_ID) == "user-1"
    assert left.pop(names.AGENT_NAME) == left.pop(names.GEN_AI_AGENT_NAME) == "main"
    assert (left.pop(names.NODE_ID), left.pop(names.NODE_PARENT)) == ("main:Bash", "main")
    assert left.pop(names.TAGS) == ("project:shop", "branch:trunk", "agent:main")
    assert left == {}


def test_durations_belong_to_results_in_their_order() -> None:
    talk = asked(result("t3", "c"), result("t2", "b"), result("t1", "a"), durations=[])
    exchange = talk.ask("ok", after=2, durations=[("Bash", 5), ("Read", 40), ("Bash", 300)])
    arrival = exchange.started_at
    assert [(one.use.id, round((one.end - one.start) * 1000)) for one in ran(exchange)] == [
        ("t3", 5),
        ("t2", 40),
        ("t1", 300),
    ]
    assert {one.start for one in ran(exchange)} == {arrival - 0.3}


def test_missing_durations_are_found_by_name_or_taken_from_the_gap() -> None:
    talk = asked(result("t1", "a"), result("t2", "b"), durations=[])
    exchange = talk.ask("ok", after=2, durations=[("Read", 40)])
    bash, read = ran(exchange)
    assert (read.end - read.start) == pytest.approx(0.04)
    assert bash.end == exchange.started_at
    untold = replace(exchange, identity=replace(exchange.identity, tool_durations_ms=()))
    assert {(one.start, one.end) for one in ran(untold, earliest=START + 1)} == {(START + 1, START + 3)}
    assert {(one.start, one.end) for one in ran(untold)} == {(START + 3, START + 3)}


def test_results_of_unknown_calls_are_left_out() -> None:
    talk = asked(result("t1", "a"), result("other", "b"), durations=[])
    assert [one.use.id for one in ran(talk.ask("ok"))] == ["t1"]


def test_failures() -> None:
    talk = asked(result("t1", "Exit code 1\nmore", is_error=True), durations=[])
    exchange = talk.ask("ok", durations=[("Bash", 5)])
    span = tool_span(exchange, ran(exchange)[0], NODE, Collector())
    assert (span.outcome, span.message) == ("error", "Exit code 1")
    assert span.events[0].attributes == {"exception.type": "tool_error", "exception.message": "Exit code 1"}
    answer = {"role": "assistant", "content": [use("Bash", "t9", command="x")]}
    (never,) = unfinished(answer, 10.0, 12.0)
    span = tool_span(exchange, never, NODE, Collector())
    assert (span.outcome, span.message, span.start_ns, span.end_ns) == (
        "error",
        NO_RESULT,
        10**10,
        12 * 10**9,
    )
    assert names.OUTPUT_VALUE not in span.attributes
