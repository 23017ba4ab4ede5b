from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from claude_lens.exchange import Exchange
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from claude_lens.store.transfer.importing import store
from claude_lens.store.transfer.naming import Titles
from claude_lens.store.transfer.transcripts import files, read, unrecorded
from tests.store.conftest import Make, body_of, message_of

USAGE = {
    "input_tokens": 12,
    "cache_creation_input_tokens": 100,
    "cache_read_input_tokens": 0,
    "output_tokens": 7,
}


def line(uuid: str, parent: str | None, at: int, message: dict[str, Any] | None, **more: Any) -> str:
    return json.dumps(
        {
            "parentUuid": parent,
            "isSidechain": False,
            "promptId": "p1",
            "type": (message or {}).get("role", "attachment"),
            **({"message": message} if message else {"attachment": {"type": "date"}}),
            "uuid": uuid,
            "timestamp": f"2026-01-31T09:30:{at:02}.500Z",
            "cwd": "/home/me/app",
            "sessionId": "sess-1",
            "version": "2.1.329",
            "gitBranch": "main",
            **more,
        }
    )


def answer(ident: str, block: dict[str, Any], **more: Any) -> dict[str, Any]:
    fields = {
        "id": ident,
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "usage": USAGE,
    }
    return {**fields, "content": [block], "stop_reason": "tool_use", **more}


def write_session(folder: Path) -> Path:
    """A main agent with two answers, the first in two lines, and a subagent with one."""
    folder.mkdir(parents=True)
    use = {"type": "tool_use", "id": "toolu_1", "name": "Agent", "input": {"prompt": "count"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "three"}
    lines = [
        json.dumps({"type": "queue-operation", "sessionId": "sess-1"}),
        line("u1", None, 1, {"role": "user", "content": "How many?"}),
        line("x1", "u1", 1, None),
        line("a1", "x1", 3, answer("msg_1", {"type": "text", "text": "Let me see."}), requestId="req_1"),
        line("a2", "a1", 4, answer("msg_1", use), requestId="req_1"),
        "not json",
        line("u2", "a2", 9, {"role": "user", "content": [result]}),
        line("a3", "u2", 12, answer("msg_3", {"type": "text", "text": "Three."}), requestId="req_3"),
        line("e1", "a3", 13, answer("err", {"type": "text", "text": "API Error"}, model="<synthetic>")),
    ]
    main = folder / "sess-1.jsonl"
    main.write_text("\n".join(lines))
    below = folder / "sess-1" / "subagents"
    below.mkdir(parents=True)
    side = {"isSidechain": True, "agentId": "abc"}
    (below / "agent-abc.jsonl").write_text(
        line("s1", None, 5, {"role": "user", "content": "count"}, **side)
        + "\n"
        + line("s2", "s1", 8, answer("msg_2", {"type": "text", "text": "three"}), requestId="req_2", **side)
    )
    (below / "agent-abc.meta.json").write_text('{"agentType": "general-purpose", "description": "Count"}')
    return main


def everything(folder: Path) -> list[Exchange]:
    return [one for file in files(folder) for one in read(file)]


def test_what_a_transcript_tells(tmp_path: Path) -> None:
    main = write_session(tmp_path / "x")
    first, last = read(main)

    assert [message["role"] for message in (first.request.json or {})["messages"]] == ["user"]
    assert first.response is not None
    assert first.response.json is not None
    assert [block["type"] for block in first.response.json["content"]] == ["text", "tool_use"]
    assert (first.usage and first.usage.prompt_tokens, first.duration_ms, first.request_id) == (
        112,
        3000.0,
        "req_1",
    )
    # 12 x 3 + 7 x 15 + 100 x 3.75, in millionths
    assert first.cost.usd is not None
    assert abs(first.cost.usd - 516e-6) < 1e-12
    assert (first.identity.project, first.identity.branch, first.identity.prompt_id) == (
        "/home/me/app",
        "main",
        "p1",
    )
    messages = (last.request.json or {})["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert [block["type"] for block in messages[1]["content"]] == ["text", "tool_use"]


def test_an_import_says_what_it_is(tmp_path: Path) -> None:
    main = write_session(tmp_path / "x")
    summary = json.dumps({"type": "summary", "summary": "Counting", "leafUuid": "a3"})
    main.write_text(summary + "\n" + main.read_text())
    titles = Titles()
    assert {one.lane for one in read(main, titles=titles)} == {"imported"}
    assert titles.by_session == {"sess-1": (0, "Counting")}


def test_subagents_are_agents(tmp_path: Path) -> None:
    write_session(tmp_path / "x")
    (one,) = (each for each in everything(tmp_path) if each.identity.agent.id)
    assert (one.identity.agent.id, one.identity.agent.type) == ("abc", "general-purpose")
    assert (one.identity.agent.description, one.identity.request_class) == ("Count", "subagent")


def test_subagents_before_2_0_are_not_the_main_agent(tmp_path: Path, url: str, reader: Reader) -> None:
    file = tmp_path / "old.jsonl"
    use = {"type": "tool_use", "id": "t1", "name": "Task", "input": {"prompt": "count", "subagent_type": "x"}}
    file.write_text(
        "\n".join(
            [
                line("u1", None, 1, {"role": "user", "content": "How many?"}),
                line("a1", "u1", 2, answer("msg_1", use)),
                line("s1", None, 3, {"role": "user", "content": "count"}, isSidechain=True),
                line("s2", "s1", 4, answer("msg_2", {"type": "text", "text": "3"}), isSidechain=True),
            ]
        )
    )
    assert store(url, read(file)).new == 2
    kinds = [(one["request_class"], one["agent"]["type"]) for one in reader.exchanges("sess-1")]
    assert sorted(kinds, key=str) == [("main", None), ("subagent", "x")]


def test_nothing_comes_twice(tmp_path: Path, url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    write_session(tmp_path / "x")
    by_request = make(body_of("a"), message_of(0), session="sess-1", request_id="req_1")
    by_message = make(body_of("b"), {**message_of(1), "id": "msg_3"}, session="sess-1", request_id=None)
    sink.ended(by_request)
    sink.ended(by_message)
    sink.flush()
    new = list(unrecorded(reader, everything(tmp_path)))
    assert [one.request_id for one in new] == ["req_2"]
    assert store(url, new).new == 1
    assert store(url, everything(tmp_path)[:0]).read == 0
    assert list(unrecorded(reader, everything(tmp_path))) == []
    assert len(reader.exchanges("sess-1")) == 3


def test_nonsense_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "odd.jsonl"
    file.write_bytes(b'[]\n{"uuid": 5}\n{"uuid": "a", "type": "assistant", "message": {}}\n\xff\xfe\n')
    passed: list[str] = []
    assert list(read(file, passed.append)) == []
    assert passed == [f"{file}:1: no JSON object", f"{file}:4: no JSON"]
    circle = tmp_path / "circle.jsonl"
    circle.write_text(
        line("a", "b", 1, {"role": "user", "content": "x"})
        + "\n"
        + line("b", "a", 2, answer("m", {"type": "text", "text": "y"}))
    )
    assert len(list(read(circle))) == 1
