"""Which names are listed, and in whose form; the proxy's whole answer is in test_endpoints and test_early."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from claude_lens.capture import models
from claude_lens.capture.asgi import Message, Scope


def scope(query: bytes = b"", *headers: tuple[bytes, bytes]) -> Scope:
    return {"type": "http", "query_string": query, "headers": list(headers)}


def listed(query: bytes, names: list[str], known: list[str]) -> dict[str, Any]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(models.answer(scope(query), send, names, lambda: known))
    assert sent[0]["status"] == 200
    found: dict[str, Any] = orjson.loads(sent[1]["body"])
    return found


@pytest.mark.parametrize(
    ("asked", "anthropics"),
    [
        (scope(b"limit=1000"), True),
        (scope(b"", (b"x-api-key", b"k")), True),
        (scope(b"", (b"anthropic-version", b"2023-06-01")), True),
        (scope(b"", (b"authorization", b"Bearer k")), False),
    ],
)
def test_who_asks(asked: Scope, anthropics: bool) -> None:
    assert models.is_anthropics(asked) is anthropics


def test_a_claude_wildcard_admits_claudes_models_alone() -> None:
    known = ["claude-b", "claude-a", "other"]
    found = listed(b"", ["sonnet", "claude-*", "claude-a", "gpt-*"], known)
    assert [model["id"] for model in found["data"]] == ["sonnet", "claude-a", "claude-b"]
    assert found["data"][1]["display_name"] == "Claude A"
    found = listed(b"", ["sonnet", "gpt-*"], known)
    assert [model["id"] for model in found["data"]] == ["sonnet"]


@pytest.mark.parametrize(
    ("query", "ids", "more"),
    [
        (b"limit=2", ["a", "b"], True),
        (b"limit=3", ["a", "b", "c"], False),
        (b"limit=1000&x=1", ["a", "b", "c"], False),
        (b"limit=0", ["a", "b", "c"], False),
        (b"limit=" + b"9" * 5000, ["a", "b", "c"], False),
        (b"limit=many", ["a", "b", "c"], False),
    ],
)
def test_limits(query: bytes, ids: list[str], more: bool) -> None:
    found = listed(query, ["a", "b", "c"], [])
    assert [model["id"] for model in found["data"]] == ids
    assert (found["has_more"], found["first_id"], found["last_id"]) == (more, ids[0], ids[-1])


def test_nothing_is_configured() -> None:
    assert listed(b"limit=5", [], []) == {
        "object": "list",
        "data": [],
        "has_more": False,
        "first_id": None,
        "last_id": None,
    }
