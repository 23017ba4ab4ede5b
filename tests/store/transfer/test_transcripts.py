from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from claude_lens.exchange import Exchange
from claude_lens.store.rows import Item
from claude_lens.store.transfer.naming import Titles
from claude_lens.store.transfer.transcripts import files, in_order, read, rests

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
    return [one.exchange for file in files(folder) for one in read(file)]


def said(item: Item) -> list[Any]:
    """The messages before an answer, as they are written."""
    parts = item.request().parts
    assert parts is not None
    return list(parts.chains["messages"].values)


def test_what_a_transcript_tells(tmp_path: Path) -> None:
    main = write_session(tmp_path / "x")
    one, *_ = found = [(item, said(item)) for item in read(main)]
    first, last = (item.exchange for item, _ in found)

    assert [message["role"] for message in one[1]] == ["user"]
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
    messages = found[1][1]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert (last.request.json or {})["messages"] == messages
    assert [block["type"] for block in messages[1]["content"]] == ["text", "tool_use"]


def test_an_import_says_what_it_is(tmp_path: Path) -> None:
    main = write_session(tmp_path / "x")
    summary = json.dumps({"type": "summary", "summary": "Counting", "leafUuid": "a3"})
    main.write_text(summary + "\n" + main.read_text())
    titles = Titles()
    assert {one.exchange.lane for one in read(main, titles=titles)} == {"imported"}
    assert titles.by_session == {"sess-1": (0, "Counting")}


def test_subagents_are_agents(tmp_path: Path) -> None:
    write_session(tmp_path / "x")
    (one,) = (each for each in everything(tmp_path) if each.identity.agent.id)
    assert (one.identity.agent.id, one.identity.agent.type) == ("abc", "general-purpose")
    assert (one.identity.agent.description, one.identity.request_class) == ("Count", "subagent")


def test_subagents_before_2_0_are_not_the_main_agent(tmp_path: Path) -> None:
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
    found = [one.exchange.identity for one in read(file)]
    assert [(one.request_class, one.agent.type) for one in found] == [("main", None), ("subagent", "x")]


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


def test_a_fork_comes_after_what_it_was_forked_from(tmp_path: Path) -> None:
    first, fork = tmp_path / "first.jsonl", tmp_path / "fork.jsonl"
    begun = json.dumps({"type": "queue-operation", "timestamp": "2026-01-31T09:30:40.000Z"})
    copied = line("u1", None, 1, {"role": "user", "content": "go"})
    fork.write_text(begun + "\n" + copied)
    first.write_text(copied)
    assert in_order([fork, first, tmp_path / "missing"]) == [tmp_path / "missing", first, fork]
    assert not rests(first)
    assert not rests(tmp_path / "missing")


def test_a_long_history_is_told_by_what_is_new_in_it(tmp_path: Path) -> None:
    lines = [line("u0", None, 0, {"role": "user", "content": "<system-reminder>x</system-reminder>"})]
    above = "u0"
    for turn in range(1, 6):
        lines.append(line(f"u{turn}", above, turn, {"role": "user", "content": f"prompt {turn}"}))
        block = {"type": "text", "text": f"answer {turn}"}
        lines.append(line(f"a{turn}", f"u{turn}", turn, answer(f"msg_{turn}", block)))
        above = f"a{turn}"
    file = tmp_path / "long.jsonl"
    file.write_text("\n".join(lines))
    last = list(read(file))[-1]
    whole = said(last)
    assert len(whole) == 10
    assert (last.exchange.request.json or {})["messages"] == [*whole[:2], *whole[-2:]]
