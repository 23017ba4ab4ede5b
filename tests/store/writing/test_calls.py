from __future__ import annotations

from dataclasses import replace
from typing import Any

from claude_lens import exact
from claude_lens.store.writing.calls import Calls, calls_of
from tests.store.conftest import Make, body_of

USE = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {}}
READ = {"type": "tool_use", "id": "t2", "name": "Read", "input": {}}
OLD = {"type": "tool_result", "tool_use_id": "t0", "content": "old"}
DONE = {"type": "tool_result", "tool_use_id": "t1", "content": "12345678"}
FAILED = {"type": "tool_result", "tool_use_id": "t2", "content": "no", "is_error": True}
BODY: dict[str, Any] = {
    "messages": [
        {"role": "user", "content": [OLD]},
        {"role": "assistant", "content": [USE, READ]},
        {"role": "user", "content": [DONE]},
        {"role": "user", "content": [FAILED, {"type": "text", "text": "go on"}]},
    ]
}


def test_calls_and_results(make: Make) -> None:
    answer = {"role": "assistant", "content": [USE, USE, {"type": "server_tool_use", "name": "web_search"}]}
    exchange = make(BODY, answer)
    timed = (("Bash", 742), ("Read", 9), ("Bash", 1))
    exchange = replace(exchange, identity=replace(exchange.identity, tool_durations_ms=timed))
    assert calls_of(exchange) == {
        "Bash": Calls(2, 1, 0, 10, [742]),
        "Read": Calls(0, 1, 1, 4, [9]),
        "web_search": Calls(1),
    }
    assert set(calls_of(exchange, results=False)) == {"Bash", "web_search"}


def test_what_the_provider_carries_out_comes_back_in_the_answer(make: Make) -> None:
    searched = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}
    failed = {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}
    found = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": failed}
    answer = {"role": "assistant", "content": [searched, found]}
    assert calls_of(make(body_of("a"), answer))["web_search"] == Calls(1, 1, 1, len(exact.dump(failed)))


def test_odd_bodies(make: Make) -> None:
    for body in ({}, {"messages": 5}, {"messages": [None, {"role": "assistant", "content": "x"}]}):
        assert calls_of(make(body, {"content": [None, {"type": "tool_use", "name": 5}]})) == {
            "unknown": Calls(1)
        }
    assert calls_of(make(body_of("a"), {"error": {}})) == {}


def test_a_retry_brings_no_new_results(sink: Any, reader: Any, make: Make) -> None:
    from sqlalchemy import select

    from claude_lens.store.schema import calls

    answers: tuple[dict[str, Any], ...] = ({"error": {}}, {"role": "assistant", "content": [USE]})
    for answer in answers:
        running = make(BODY)
        sink.arrived(running)
        sink.flush()
        sink.ended(make(BODY, answer, id=running.id))
        sink.flush()
    with reader.connect() as connection:
        found = {
            (row.tool, row.exchange): (row.calls, row.results) for row in connection.execute(select(calls))
        }
    assert found == {("Bash", 1): (0, 1), ("Read", 1): (0, 1), ("Bash", 2): (1, 0)}


def test_ids_and_types_that_are_no_strings(make: Make) -> None:
    use = {**USE, "id": ["t"], "type": "tool_use"}
    odd = {**USE, "type": ["tool_use"]}
    result = {**DONE, "tool_use_id": ["t"]}
    body = {"messages": [{"role": "assistant", "content": [use, odd]}, {"role": "user", "content": [result]}]}
    assert calls_of(make(body, {"content": [odd]})) == {"Bash": Calls(results=1, bytes=10)}


def test_a_result_too_deep_to_measure_counts_without_its_bytes(make: Make) -> None:
    inner: list[Any] = []
    for _ in range(5000):
        inner = [inner]
    body = {"messages": [BODY["messages"][1], {"role": "user", "content": [{**DONE, "content": inner}]}]}
    assert calls_of(make(body, {}, raw=b"{}")) == {"Bash": Calls(results=1)}
