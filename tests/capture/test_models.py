"""Which names are listed, and in whose form; the proxy's whole answer is in test_endpoints and test_early."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
import yaml

from claude_lens.capture import models
from claude_lens.capture.asgi import Message, Scope
from tests.harness import ROOT


def scope(query: bytes = b"", *headers: tuple[bytes, bytes]) -> Scope:
    return {"type": "http", "path": "/v1/models", "query_string": query, "headers": list(headers)}


def limits(name: str) -> dict[str, int]:
    return {"max_tokens": 7} if name == "claude-a" else {}


def listed(query: bytes, names: list[str], known: list[str], path: str = "/v1/models") -> dict[str, Any]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asked = {**scope(query), "path": path}
    asyncio.run(models.answer(asked, send, names, lambda: known, limits))
    assert sent[0]["status"] == 200 or path != "/v1/models"
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


def test_one_model_with_its_limits() -> None:
    names, known = ["sonnet", "claude-*"], ["claude-a"]
    found = listed(b"", names, known, "/v1/models/claude-a")
    assert (found["id"], found["type"], found["max_tokens"]) == ("claude-a", "model", 7)
    assert listed(b"", names, known)["data"][1] == found
    # Whatever a wildcard takes may be asked for, though only what is known is listed.
    assert listed(b"", names, known, "/models/claude-of-tomorrow")["id"] == "claude-of-tomorrow"
    missing = listed(b"", names, known, "/v1/models/gpt-4o")
    assert missing["error"] == {"type": "not_found_error", "message": "model: gpt-4o"}


@pytest.mark.parametrize(
    ("path", "one"),
    [
        ("/v1/models", None),
        ("/models", None),
        ("/v1/models/", None),
        ("/v1/models/openai/gpt-4o", "openai/gpt-4o"),
    ],
)
def test_paths_of_models(path: str, one: str | None) -> None:
    assert models.MODELS.match(path)
    assert models.asked_for({"path": path}) == one
    assert not models.MODELS.match("/v1/models/gemini-2.5-pro:generateContent")


def test_claude_codes_own_list_gets_what_the_user_has_added() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asked = scope(b"limit=1000", (b"user-agent", b"claude-code/2.1.332"), (b"x-api-key", b"k"))
    names = [*sorted(models.SHIPPED), "claude-*", "my-claude-gpt", "claude-a"]
    asyncio.run(
        models.answer(
            {**asked, "path": "/v1/models"}, send, names, lambda: ["claude-a", "claude-b"], lambda _: {}
        )
    )
    assert [model["id"] for model in orjson.loads(sent[1]["body"])["data"]] == ["my-claude-gpt"]


def test_the_shipped_names_are_those_of_the_configuration() -> None:
    shipped = yaml.safe_load((ROOT / "litellm_config.yaml").read_text())["model_list"]
    assert {entry["model_name"] for entry in shipped} == {*models.SHIPPED, "claude-*"}
