from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from claude_lens.redact import Redactor
from claude_lens.store import chain
from claude_lens.store.rows import Item
from claude_lens.store.transfer import requests
from tests.redact.samples import SAMPLES
from tests.store.transfer.conftest import Opened
from tests.store.transfer.test_transcripts import answer, line

SECRET = SAMPLES[20][1]
SYSTEM = [{"type": "text", "text": "You are an agent."}, {"type": "text", "text": f"Be brief. {SECRET}"}]
TOOLS = [{"name": "Bash", "description": "runs", "input_schema": {"type": "object"}}]
EPHEMERAL = {"type": "ephemeral"}


def digest(message: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(message, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def user(words: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": words}]}


def asks(number: int, messages: list[dict[str, Any]], base: int | None = None, keep: int = 0) -> list[Any]:
    """The lines of a request: a blob for each message of the user in its tail, and itself."""
    tail = messages[keep:]
    blobs = [
        {"type": "api-request-blob", "hash": digest(one), "message": one}
        for one in tail
        if one["role"] == "user"
    ]
    request = {
        "type": "api-request",
        "id": f"q{number}",
        "timestamp": f"2026-01-31T09:30:{number:02}.700Z",
        "shapeHash": "shape",
        "params": {"model": "claude-sonnet-4-5", "betas": ["b1", "b2"], "max_tokens": 32000},
        "keep": keep,
        "tail": [digest(one) for one in tail],
        "cacheControl": [
            {"path": ["system", 1], "value": EPHEMERAL},
            {"path": ["messages", len(messages) - 1, "content", 0], "value": EPHEMERAL},
        ],
        **({"base": f"q{base}"} if base is not None else {}),
    }
    return [*blobs, request]


def talk(turns: int, shape: dict[str, Any] | None = None) -> tuple[list[Any], list[list[dict[str, Any]]]]:
    """A transcript of turns, and the messages of each request."""
    lines: list[Any] = [
        {
            "type": "api-request-shape",
            "shapeHash": "shape",
            "shape": shape or {"system": SYSTEM, "tools": TOOLS},
        }
    ]
    messages: list[dict[str, Any]] = []
    sent = []
    for turn in range(turns):
        messages.append(user(f"<system-reminder>x</system-reminder> prompt {turn}"))
        lines.append(line(f"u{turn}", f"a{turn - 1}" if turn else None, turn, user(f"prompt {turn}")))
        base = {"base": turn - 1, "keep": len(messages) - 2} if turn else {}
        lines += asks(turn, messages, **base)
        said = {"type": "text", "text": f"answer {turn} {SECRET}"}
        told = answer(f"msg_{turn}", said)
        lines.append(line(f"a{turn}", f"u{turn}", turn, told, requestRef=f"q{turn}"))
        sent.append(list(messages))
        messages.append({"role": "assistant", "content": [said]})
    return lines, sent


def bodies(opened: Opened, lines: list[Any]) -> list[tuple[Item, dict[str, Any]]]:
    """Items and what their requests are, put together again."""
    transcript = opened(lines, Redactor())
    found = []
    for one in transcript.answers():
        item = transcript.item(one)
        assert item is not None
        parts = item.request().parts
        assert parts is not None
        lists = {name: list(each.values) for name, each in parts.chains.items()}
        found.append((item, chain.join(json.loads(parts.params), lists, parts.single, parts.marks)))
        assert parts.digest == chain.split(found[-1][1]).digest
    return found


def test_requests_are_what_was_sent(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_KEPT", 2)
    lines, sent = talk(5)
    redact = Redactor()
    for (item, body), messages in zip(bodies(opened, lines), sent, strict=True):
        last = messages[-1]
        newest = {**last, "content": [{**last["content"][0], "cache_control": EPHEMERAL}]}
        # What was the newest before is a string now.
        before = [
            {**one, "content": one["content"][0]["text"]} if one["role"] == "user" else one
            for one in messages[:-1]
        ]
        system = [SYSTEM[0], {**SYSTEM[1], "cache_control": EPHEMERAL}]
        wanted = {
            "model": "claude-sonnet-4-5",
            "messages": [*before, newest],
            "system": system,
            "tools": TOOLS,
            "max_tokens": 32000,
            "stream": True,
        }
        assert body == redact.value(wanted)
        assert list(body) == list(wanted)
        assert item.exchange.request.headers == (("anthropic-beta", "b1,b2"),)
        assert item.exchange.started_at % 1 == pytest.approx(0.7)
        assert SECRET not in repr(item.exchange)


@pytest.mark.parametrize("missing", ["api-request", "api-request-shape", "api-request-blob"])
def test_without_a_part_the_tree_tells(missing: str, opened: Opened) -> None:
    lines, _ = talk(3)
    left = [one for one in lines if isinstance(one, str) or one["type"] != missing]
    found = bodies(opened, left)
    assert [sorted(body) for _, body in found] == [["messages", "model"]] * 3
    assert found[2][1]["messages"][0]["content"] == [{"type": "text", "text": "prompt 0"}]


def test_what_makes_no_sense_is_not_believed(opened: Opened) -> None:
    spoils: list[dict[str, Any]] = [
        {"keep": 9},
        {"base": "q2"},
        {"cacheControl": [{"path": []}]},
        {"params": None},
        {"tail": ["x"]},
    ]
    for spoil in spoils:
        lines, _ = talk(3)
        for one in lines:
            if not isinstance(one, str) and one.get("id") == "q1":
                one |= spoil
        assert [sorted(body) == ["messages", "model"] for _, body in bodies(opened, lines)][1]
    lines, _ = talk(1, {"system": SYSTEM, "tools": ["by hash"]})
    assert sorted(bodies(opened, lines)[0][1]) == ["messages", "model"]


def test_marks_that_are_nowhere_are_left_out(opened: Opened) -> None:
    lines, _ = talk(1)
    paths = [
        ["tools", 0],
        ["tools", 7],
        ["messages", 0, "content", 5],
        ["metadata", 0],
        ["messages", 0, "x", 0],
    ]
    for one in lines:
        if not isinstance(one, str) and one.get("id") == "q0":
            one["cacheControl"] = [{"path": path, "value": EPHEMERAL} for path in paths]
    ((_, body),) = bodies(opened, lines)
    assert body["tools"][0]["cache_control"] == EPHEMERAL
    assert repr(body).count("cache_control") == 1
