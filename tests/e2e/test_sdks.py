"""The official SDKs and a claude.ai login, against a proxy in either lane."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import pytest
from anthropic.types import MessageParam, ToolParam
from claude_agent_sdk import (
    AssistantMessage,
    ClaudeAgentOptions,
    ClaudeSDKClient,
    ResultMessage,
    SystemMessage,
    ToolUseBlock,
    create_sdk_mcp_server,
    query,
    tool,
)

from tests.harness import Claude, Proxy
from tests.harness.client import QUIET, executable
from tests.harness.processes import child_environment
from tests.upstream import Provider, Received, always, error, in_order, say, text, thinking, tool_use, turns

pytestmark = pytest.mark.slow

MODEL = "claude-opus-5-5"
LOGIN = "sk-ant-oat01-test"
WEATHER: ToolParam = {
    "name": "weather",
    "description": "The weather of a town",
    "input_schema": {"type": "object", "properties": {"town": {"type": "string"}}},
}
ASKED: list[MessageParam] = [{"role": "user", "content": "What is the weather in Żary?"}]
CALLED = say(thinking("A tool knows."), tool_use("weather", {"town": "Żary"}, id="toolu_01W"))


@pytest.fixture
def client(proxy: Proxy) -> Iterator[anthropic.Anthropic]:
    """Anthropic's SDK with the proxy's key."""
    with anthropic.Anthropic(base_url=proxy.url, api_key=proxy.key, max_retries=0) as made:
        yield made


def second_turn(content: Any) -> list[MessageParam]:
    """The conversation after the tool has run."""
    result = {"type": "tool_result", "tool_use_id": "toolu_01W", "content": "rain"}
    return [*ASKED, {"role": "assistant", "content": content}, {"role": "user", "content": [result]}]  # type: ignore[list-item, misc]


@pytest.mark.parametrize("stream", [False, True])
def test_anthropics_sdk_with_a_tool(client: anthropic.Anthropic, upstream: Provider, stream: bool) -> None:
    upstream.play(turns(CALLED, say(text("It rains in Żary."))))

    def ask(messages: list[MessageParam]) -> anthropic.types.Message:
        if not stream:
            return client.messages.create(model=MODEL, max_tokens=99, messages=messages, tools=[WEATHER])
        with client.messages.stream(model=MODEL, max_tokens=99, messages=messages, tools=[WEATHER]) as answer:
            return answer.get_final_message()

    first = ask(ASKED)
    assert first.stop_reason == "tool_use"
    thought, call = first.content
    assert thought.type == "thinking"
    assert call.type == "tool_use"
    assert call.input == {"town": "Żary"}
    second = ask(second_turn([block.to_dict() for block in first.content]))
    assert [block.to_dict() for block in second.content] == [{"type": "text", "text": "It rains in Żary."}]
    sent = upstream.calls[1].body["messages"][1]["content"]
    assert [block["type"] for block in sent] == ["thinking", "tool_use"]
    assert sent[0]["signature"]


def test_anthropics_sdk_in_async(proxy: Proxy, upstream: Provider) -> None:
    async def ask() -> list[str]:
        async with anthropic.AsyncAnthropic(
            base_url=proxy.url, auth_token=proxy.key, max_retries=0
        ) as client:

            async def one() -> str:
                async with client.messages.stream(model=MODEL, max_tokens=9, messages=ASKED) as answer:
                    return await answer.get_final_text()

            return await asyncio.gather(*(one() for _ in range(5)))

    assert asyncio.run(ask()) == ["hello"] * 5


def test_anthropics_sdk_counts_and_lists(client: anthropic.Anthropic) -> None:
    assert client.messages.count_tokens(model=MODEL, messages=ASKED).input_tokens == 1234
    assert any(model.id.startswith("claude-") for model in client.models.list(limit=1000))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, anthropic.BadRequestError), (429, anthropic.RateLimitError), (529, anthropic.InternalServerError)],
)
def test_anthropics_sdk_sees_the_providers_error(
    client: anthropic.Anthropic, upstream: Provider, status: int, kind: type[anthropic.APIStatusError]
) -> None:
    upstream.play(always(error(status, "The provider's words")))
    with pytest.raises(kind) as raised:
        client.messages.create(model=MODEL, max_tokens=9, messages=ASKED)
    assert raised.value.status_code == status
    assert raised.value.request_id == f"req_011{upstream.calls[0].request.number:021d}"
    assert "The provider's words" in raised.value.message


def test_anthropics_sdk_retries_as_it_would(proxy: Proxy, upstream: Provider) -> None:
    upstream.play(in_order(error(529, headers=(("retry-after", "0"),)), say(text("hello"))))
    with anthropic.Anthropic(base_url=proxy.url, api_key=proxy.key, max_retries=2) as client:
        answer = client.messages.create(model=MODEL, max_tokens=9, messages=ASKED)
    assert answer.content[0].type == "text"
    assert len(upstream.calls) == 2


def options(proxy: Proxy, folder: Path, **more: Any) -> ClaudeAgentOptions:
    """The agent SDK with the installed CLI, behind the proxy."""
    environment = child_environment(
        HOME=str(folder), **QUIET, ANTHROPIC_BASE_URL=proxy.url, ANTHROPIC_AUTH_TOKEN=proxy.key
    )
    environment["ANTHROPIC_MODEL"] = MODEL
    return ClaudeAgentOptions(
        cli_path=executable(), cwd=folder, env=environment, permission_mode="bypassPermissions", **more
    )


def test_the_agent_sdk_runs_a_tool(proxy: Proxy, upstream: Provider, tmp_path: Path) -> None:
    upstream.play(turns(say(tool_use("Bash", {"command": "echo so-it-ran"})), say(text("done"))))
    seen: list[Any] = []

    async def run() -> None:
        async for message in query(prompt="run it", options=options(proxy, tmp_path)):
            seen.append(message)

    asyncio.run(run())
    (result,) = [message for message in seen if isinstance(message, ResultMessage)]
    assert (result.subtype, result.result, result.num_turns) == ("success", "done", 2)
    calls = [
        b for m in seen if isinstance(m, AssistantMessage) for b in m.content if isinstance(b, ToolUseBlock)
    ]
    assert [call.input["command"] for call in calls] == ["echo so-it-ran"]
    assert any(isinstance(message, SystemMessage) for message in seen)
    assert "so-it-ran" in upstream.calls[-1].tool_results[0]
    proxy.settled()
    assert {e["status"] for e in proxy.show(result.session_id)["exchanges"]} == {"ok"}


def test_the_agent_sdk_with_a_tool_of_its_own_and_partial_messages(
    proxy: Proxy, upstream: Provider, tmp_path: Path
) -> None:
    @tool("add", "Add two numbers", {"a": int, "b": int})
    async def add(arguments: dict[str, Any]) -> dict[str, Any]:
        return {"content": [{"type": "text", "text": str(arguments["a"] + arguments["b"])}]}

    upstream.play(turns(say(tool_use("mcp__sums__add", {"a": 19, "b": 23})), say(text("It is 42."))))
    sums = create_sdk_mcp_server("sums", tools=[add])
    kinds: list[str] = []
    results: list[str | None] = []

    async def run() -> None:
        chosen = options(proxy, tmp_path, mcp_servers={"sums": sums}, include_partial_messages=True)
        async with ClaudeSDKClient(chosen) as client:
            await client.query("What is 19 + 23?")
            async for message in client.receive_response():
                kinds.append(type(message).__name__)
                if isinstance(message, ResultMessage):
                    results.append(message.result)

    asyncio.run(run())
    assert results == ["It is 42."]
    assert "StreamEvent" in kinds
    assert upstream.calls[-1].tool_results == ["42"]


@pytest.fixture(scope="module")
def keyless(lane: str, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy without a provider's key: clients bring their login."""
    home = tmp_path_factory.mktemp(f"keyless {lane}")
    with Proxy(home, provider.url, CLAUDE_LENS_TRANSPARENT=lane, ANTHROPIC_API_KEY="") as running:
        yield running
        running.assert_sound()


def assert_login(requests: list[Received], proxy: Proxy) -> None:
    """The provider saw the login with its beta, and no key of ours, on every call."""
    assert requests
    for request in requests:
        assert request.header("authorization") == f"Bearer {LOGIN}"
        assert "oauth-2025-04-20" in (request.header("anthropic-beta") or "")
        assert request.header("x-api-key") is None
        assert proxy.key not in repr(request.headers)


@pytest.mark.skipif(sys.platform == "win32", reason="the launcher's symlink")
def test_a_login_of_the_real_client(keyless: Proxy, upstream: Provider, tmp_path: Path) -> None:
    client = Claude(tmp_path, upstream.url, keyless)
    done = client.run("say hello", CLAUDE_CODE_OAUTH_TOKEN=LOGIN)
    assert (done.code, done.json["result"]) == (0, "hello")
    assert_login([call.request for call in upstream.calls], keyless)


@pytest.mark.parametrize("which", ["without a key", "with a key"])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_a_login_on_both_endpoints(
    keyless: Proxy, proxy: Proxy, upstream: Provider, which: str, path: str
) -> None:
    through = keyless if which == "without a key" else proxy
    headers = {
        "authorization": f"Bearer {LOGIN}",
        "x-litellm-api-key": through.key,
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "oauth-2025-04-20,claude-code-20250219",
    }
    body = {"model": MODEL, "max_tokens": 9, "messages": ASKED}
    answer = httpx.post(f"{through.url}{path}?beta=true", json=body, headers=headers, timeout=60)
    assert answer.status_code == 200
    assert_login(upstream.requests, through)
    if path == "/v1/messages":
        assert answer.headers["anthropic-ratelimit-unified-status"] == "allowed"
