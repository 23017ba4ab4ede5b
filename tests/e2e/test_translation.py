"""Today's request shapes through LiteLLM's translation, to an upstream that refuses what its schema lacks."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.e2e.routed import recorded
from tests.harness import Proxy
from tests.upstream import Provider, Tokens, say, text, thinking, tool_use

LONG_NAME = "mcp__a_server_with_a_long_name__and_a_tool_with_an_even_longer_name_x"


def request(**more: Any) -> dict[str, Any]:
    """A request with today's shapes in it."""
    return {"model": "claude-3-5-sonnet-20241022", "max_tokens": 128000, "stream": True, **captured(), **more}


def captured() -> dict[str, Any]:
    """Fields and blocks as the client sends them, made up in content."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": {}}
    return {
        "system": [
            {
                "type": "text",
                "text": "x-anthropic-billing-header: cc_version=2.1.329.e37; cc_entrypoint=cli;",
            },
            {"type": "text", "text": "You are Claude Code.", "cache_control": {"type": "ephemeral"}},
        ],
        "thinking": {"type": "adaptive", "display": "omitted"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "output_config": {"effort": "medium"},
        "metadata": {"user_id": json.dumps({"device_id": "d", "session_id": "s"})},
        "a_field_of_tomorrow": {"x": 1},
        "tools": [
            {"name": "Bash", "description": "runs", "input_schema": schema, "strict": True},
            {"name": "WebFetch", "description": "fetches", "input_schema": schema, "defer_loading": True},
            {"name": "NeverFound", "input_schema": schema, "defer_loading": True},
            {
                "name": LONG_NAME,
                "input_schema": schema,
                "input_examples": [{}],
                "allowed_callers": ["direct"],
            },
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
        ],
        "messages": conversation(LONG_NAME),
    }


def conversation(long_name: str) -> list[dict[str, Any]]:
    """Turns with every kind of block that the client sends."""
    picture = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    return [
        {
            "role": "user",
            "content": [{"type": "text", "text": "go", "cache_control": {"type": "ephemeral"}}],
        },
        {"role": "system", "content": "# Environment\nA folder."},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
                {"type": "redacted_thinking", "data": "eA=="},
                {"type": "text", "text": "calling"},
                {"type": "tool_use", "id": "toolu_1", "name": "ToolSearch", "input": {"query": "x"}},
                {"type": "tool_use", "id": "toolu_" + "2" * 60, "name": long_name, "input": {}},
                {"type": "tool_use", "id": "toolu_3", "name": "Bash", "input": {"command": "false"}},
            ],
        },
        {"role": "system", "content": "The date has changed."},
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": [{"type": "tool_reference", "tool_name": "WebFetch"}],
                },
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_" + "2" * 60,
                    "content": [{"type": "text", "text": "seen"}, {"type": "image", "source": picture}],
                },
                {"type": "tool_result", "tool_use_id": "toolu_3", "content": "exit 1", "is_error": True},
                {"type": "text", "text": "go on"},
            ],
        },
    ]


def post(proxy: Proxy, body: dict[str, Any], **headers: str) -> httpx.Response:
    # The client's own user agent makes LiteLLM lenient; a provider gets the same request from any client.
    return proxy.post(body, **headers)


@pytest.mark.smoke
@pytest.mark.parametrize("model", ["claude-3-5-sonnet-20241022", "openai:gpt-4o", "gpt-5-codex"])
@pytest.mark.parametrize("stream", [True, False])
def test_todays_shapes_are_accepted(model: str, stream: bool, mixed: Proxy, upstream: Provider) -> None:
    calls = (tool_use("Bash", {"command": "ls"}), tool_use("WebFetch", {"url": "http://x"}))
    upstream.play(lambda _: say(thinking("well"), text("so"), *calls))
    answer = post(mixed, request(model=model, stream=stream))
    assert upstream.refused == []
    assert answer.status_code == 200, answer.text
    (call,) = upstream.calls
    sent = json.dumps(call.body)
    assert "billing-header" not in sent
    assert "cache_control" not in sent
    assert "NeverFound" not in sent
    assert "web_search" not in sent
    tools = [tool.get("function", tool)["name"] for tool in call.body["tools"]]
    assert tools[:2] == ["Bash", "WebFetch"]
    assert "The date has changed." in sent
    last = recorded(mixed)[-1]
    assert "billing block removed" in last.adapted
    assert last.response is not None
    assert last.response.json is not None
    content = last.response.json["content"]
    assert [block["name"] for block in content if block["type"] == "tool_use"] == ["Bash", "WebFetch"]
    assert last.stop_reason == "tool_use"


@pytest.mark.parametrize("stream", [True, False])
def test_another_model_of_anthropics_gets_all_of_it(stream: bool, mixed: Proxy, upstream: Provider) -> None:
    upstream.play(lambda _: say(thinking("well"), text("so")))
    body = request(model="claude-opus-5-5", stream=stream)
    agent = {"x-claude-code-session-id": "5e55", "x-claude-code-agent-id": "a1"}
    beta = {"anthropic-beta": "claude-code-20250219,of-tomorrow-2027-01-01"}
    answer = post(mixed, body, **agent, **beta, **{"x-claude-code-agent-type": "Plan"})
    assert answer.status_code == 200, answer.text
    assert "claude-opus-5-5" in answer.text
    (call,) = upstream.calls
    assert call.body == {**body, "model": "claude-sonnet-5-5"}
    assert call.request.header("anthropic-beta") == beta["anthropic-beta"]
    last = recorded(mixed)[-1]
    assert (last.model.requested, last.model.routed) == ("claude-opus-5-5", "claude-sonnet-5-5")
    assert last.adapted == ()


def test_cached_tokens_come_back(mixed: Proxy, upstream: Provider) -> None:
    upstream.play(lambda _: say(text("so"), tokens=Tokens(input=10, output=5, cache_read=90)))
    answer = post(mixed, request(stream=False)).json()
    assert answer["usage"]["cache_read_input_tokens"] == 90
    assert answer["usage"]["input_tokens"] == 10
    assert answer["stop_reason"] == "end_turn"


def test_thoughts_of_another_provider_do_not_reach_anthropic(mixed: Proxy, upstream: Provider) -> None:
    upstream.play(lambda _: say(text("fine")))
    foreign = {"type": "thinking", "thinking": "hm", "signature": ""}
    own = {"type": "thinking", "thinking": "yes", "signature": "c2lnbmF0dXJl"}
    body = {
        "model": "claude-sonnet-4-5-20250929",
        "max_tokens": 100,
        "messages": [
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": [foreign, {"type": "text", "text": "two"}]},
            {"role": "user", "content": "three"},
            {"role": "assistant", "content": [own, {"type": "text", "text": "four"}]},
            {"role": "user", "content": "five"},
        ],
    }
    assert post(mixed, body).status_code == 200
    (call,) = upstream.calls
    sent = [message["content"] for message in call.body["messages"]]
    assert sent[1] == [{"type": "text", "text": "two"}]
    assert sent[3] == [own, {"type": "text", "text": "four"}]


def test_a_count_for_a_routed_model_is_never_anthropics(mixed: Proxy, upstream: Provider) -> None:
    body = {"model": "claude-3-5-sonnet-20241022", "messages": [{"role": "user", "content": "one two three"}]}
    answer = mixed.post(body, "/v1/messages/count_tokens")
    assert answer.status_code == 200, answer.text
    assert answer.json()["input_tokens"] > 0
    assert not [call for call in upstream.requests if call.path.startswith("/v1/messages")]
