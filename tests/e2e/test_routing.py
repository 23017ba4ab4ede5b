"""Subagents answered by other providers: the real client, a real proxy, a strict OpenAI-format upstream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from claude_lens.exchange import Exchange
from claude_lens.store.queries import open_reader
from claude_lens.store.restore import restored
from claude_lens.store.schema import sessions
from tests.harness import ROOT, SECRETS, Claude, Proxy
from tests.upstream import (
    Call,
    Provider,
    Reply,
    Script,
    Tokens,
    error,
    say,
    spawn,
    text,
    thinking,
    tool_use,
    turns,
)

REVIEW = "Review the code in a.py, please.\nBe quick about it."
SEARCH = "Look for the word abacus."
INNER = "Count the beads of the abacus."
BODY = "You are a careful reviewer of code.\n\nBe brief."
OPENAI_KEY = "sk-openai-RECOGNISABLE-0004"
ROUTES = """
subagent_routing:
  agents:
    code-reviewer: openai:gpt-4o
    poet: gpt-5-codex
  rules:
    - type: Explore
      to: plano:gemini/gemini-2.0-flash-exp
    - agent: general-purpose
      to: gpt-4.1
    - agent: main
      model: claude-3-haiku-20240307
      to: openai:gpt-4o-mini
    - model: claude-3-5-sonnet-20241022
      to: openai:gpt-5-mini
"""


def write_config(folder: Path, routes: str) -> Path:
    """The shipped configuration with routes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "callbacks").symlink_to(ROOT / "callbacks")
    config = folder / "litellm_config.yaml"
    shipped = (ROOT / "litellm_config.yaml").read_text()
    fallbacks = 'router_settings:\n  fallbacks: [{"openai:gpt-4o-mini": ["gpt-4.1"]}]\n'
    config.write_text(shipped.replace("router_settings:\n", fallbacks) + routes)
    return config


@pytest.fixture(scope="module")
def mixed(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("mixed")
    keys = {
        "OPENAI_API_KEY": OPENAI_KEY,
        "OPENAI_BASE_URL": provider.url + "/v1",
        "PLANO_BASE_URL": provider.url,
        "SUBAGENT_MAPPINGS": "planner:plano:deepseek/deepseek-chat",
    }
    config = write_config(folder, ROUTES)
    with Proxy(folder / "home", provider.url, config, **keys) as running:
        yield running
        running.assert_sound()


def told(call: Call) -> str:
    """The prompt that an agent was given, whatever the format of the request."""
    return "\n".join(call.prompts)


def play(upstream: Provider, main: Script, others: dict[str, Script]) -> None:
    """Anthropic answers the main agent only; everybody else is looked up by prompt."""

    def script(call: Call) -> Reply:
        if call.request.path == "/v1/messages":
            return main(call) if call.agent_id is None else error(500, "a subagent came to Anthropic")
        for words, answer in others.items():
            if words in told(call):
                return answer(call)
        return error(400, f"no script for {told(call)[:200]}")

    upstream.play(script)


def run(client: Claude, *, hints: bool) -> dict[str, Any]:
    """One run of the client with an agent of the user's own."""
    agents = client.cwd / ".claude" / "agents" / "mine"
    agents.mkdir(parents=True)
    front = "name: code-reviewer\ndescription: Reviews code: carefully"
    (agents / "reviewer.md").write_text(f"---\n{front}\n---\n\n{BODY}\n")
    done = client.run("go", CLAUDE_CODE_GATEWAY_HINT_HEADERS="1" if hints else "0")
    assert done.code == 0, done.stderr + done.stdout
    return done.json


def recorded(proxy: Proxy) -> list[Exchange]:
    """Everything of the newest session."""
    proxy.settled()
    with open_reader(f"sqlite:///{proxy.home / 'lens.db'}") as reader:
        newest = reader.sessions(1)[0]["id"]
        with reader.connect() as connection:
            return restored(connection, sessions.c.session_id == newest)


@pytest.mark.slow
@pytest.mark.parametrize("hints", [True, False], ids=["hints", "no hints"])
def test_each_agent_by_its_model(hints: bool, mixed: Proxy, upstream: Provider, tmp_path: Path) -> None:
    """The user's own agent, Explore, two at once, one in the background, an agent in an agent."""
    main = turns(
        say(
            text("on it"),
            spawn(REVIEW, "code-reviewer", background=True),
            spawn(SEARCH, "Explore", background=False),
        ),
        say(text("all done")),
    )
    bash = say(tool_use("Bash", {"command": "echo beads"}))
    play(
        upstream,
        main,
        {
            INNER: turns(bash, say(text("seven"))),
            REVIEW: turns(say(spawn(INNER, background=False)), say(text("good code"))),
            SEARCH: turns(bash, say(text("found it"))),
        },
    )
    run(Claude(tmp_path, upstream.url, mixed), hints=hints)
    assert upstream.refused == []
    by_agent: dict[str | None, list[Exchange]] = {}
    for exchange in recorded(mixed):
        by_agent.setdefault(exchange.identity.agent.name, []).append(exchange)
    expected = {
        None: (None, None, "transparent"),
        "code-reviewer": ("agents: code-reviewer", "gpt-4o", "translated"),
        "Explore": ("rule 1: type=Explore", "gemini/gemini-2.0-flash-exp", "translated"),
        "general-purpose": ("rule 2: agent=general-purpose", "gpt-4.1", "translated"),
    }
    evidence = {
        None: "headers" if hints else "default",
        "code-reviewer": "spawn",
        "Explore": "headers" if hints else "spawn",
        "general-purpose": "headers" if hints else "spawn",
    }
    assert set(by_agent) == set(expected)
    for name, found in by_agent.items():
        rule, routed, lane = expected[name]
        for exchange in found:
            model, answer = exchange.model, exchange.response
            assert exchange.status == "ok", exchange.error
            assert (exchange.lane, model.rule) == (lane, rule)
            assert exchange.identity.agent.evidence == evidence[name]
            assert model.routed == (routed or model.requested)
            # The client sees the model that it asked for.
            assert answer is not None
            assert answer.json is not None
            assert answer.json["model"] == model.requested
    reviewer, inner = (by_agent[name][0].identity.agent for name in ("code-reviewer", "general-purpose"))
    assert (reviewer.parent_id, inner.parent_id) == (None, reviewer.id)
    assert None not in (reviewer.spawn_tool_use_id, inner.spawn_tool_use_id)
    assert reviewer.description == REVIEW[:24]
    cost = by_agent["code-reviewer"][0].cost
    assert cost.usd
    assert cost.requested_usd
    assert cost.usd != cost.requested_usd
    assert [len(by_agent[name]) for name in ("code-reviewer", "Explore", "general-purpose")] == [2, 2, 2]
    headers = {
        name.lower()
        for call in upstream.calls
        if "chat" in call.request.path
        for name, _ in call.request.headers
    }
    assert not [name for name in headers if name.startswith(("anthropic", "x-claude", "x-app", "x-api"))]


@pytest.mark.slow
def test_a_failing_provider_is_told_honestly_and_claude_never_asked(
    mixed: Proxy, upstream: Provider, tmp_path: Path
) -> None:
    play(
        upstream,
        turns(say(spawn(REVIEW, "code-reviewer", background=False)), say(text("done"))),
        {REVIEW: lambda _: error(400, "This model has had enough")},
    )
    run(Claude(tmp_path, upstream.url, mixed), hints=True)
    failed = [one for one in recorded(mixed) if one.identity.agent.name == "code-reviewer"]
    assert failed
    assert {exchange.http_status for exchange in failed} == {400}
    assert "This model has had enough" in str(failed[0].error)
    assert not [call for call in upstream.calls if call.agent_id and call.request.path == "/v1/messages"]


@pytest.mark.parametrize("stream", [True, False])
def test_litellms_fallbacks_where_they_are_configured(stream: bool, mixed: Proxy, upstream: Provider) -> None:
    upstream.play(
        lambda call: (
            error(500, "down") if call.body["model"] == "gpt-4o-mini" else say(text("instead", pieces=1))
        )
    )
    session = {"x-claude-code-session-id": "5e55", "x-claude-code-request-class": "main"}
    asked = [{"role": "user", "content": "go"}]
    body = {"model": "claude-3-haiku-20240307", "max_tokens": 50, "messages": asked, "stream": stream}
    answer = mixed.post(body, **session)
    assert "instead" in answer.text
    assert "claude-3-haiku-20240307" in answer.text
    assert "gpt-4.1" not in answer.text
    assert [call.body["model"] for call in upstream.calls] == ["gpt-4o-mini", "gpt-4.1"]
    last = recorded(mixed)[-1]
    assert (last.model.requested, last.model.routed) == ("claude-3-haiku-20240307", "gpt-4.1")
    assert last.model.rule == "rule 3: agent=main, model=claude-3-haiku-20240307"


@pytest.mark.slow
@pytest.mark.parametrize("hints", [True, False], ids=["hints", "no hints"])
def test_names_without_any_rule(hints: bool, proxy: Proxy, upstream: Provider, tmp_path: Path) -> None:
    def script(call: Call) -> Reply:
        if call.agent_id is None:
            both = (
                spawn(REVIEW, "code-reviewer", background=True),
                spawn(SEARCH, "Explore", background=True),
            )
            return turns(say(*both), say(text("done")))(call)
        if INNER in told(call):
            return say(text("seven"))
        inner = turns(say(spawn(INNER, background=False)), say(text("good")))
        return inner(call) if REVIEW in told(call) else say(text("found"))

    upstream.play(script)
    run(Claude(tmp_path, upstream.url, proxy), hints=hints)
    agents = {one.identity.agent.name: one.identity.agent for one in recorded(proxy)}
    assert set(agents) == {None, "code-reviewer", "Explore", "general-purpose"}
    assert agents["code-reviewer"].evidence == "spawn"
    assert agents["Explore"].evidence == ("headers" if hints else "spawn")
    assert agents["general-purpose"].parent_id == agents["code-reviewer"].id
    assert agents["Explore"].description == SEARCH[:24]


def request(**more: Any) -> dict[str, Any]:
    """A request with today's shapes in it."""
    return {"model": "claude-3-5-sonnet-20241022", "max_tokens": 128000, "stream": True, **captured(), **more}


def captured() -> dict[str, Any]:
    """Fields and blocks as the client sends them, made up in content."""
    picture = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    long_name = "mcp__a_server_with_a_long_name__and_a_tool_with_an_even_longer_name_x"
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
                "name": long_name,
                "input_schema": schema,
                "input_examples": [{}],
                "allowed_callers": ["direct"],
            },
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
        ],
        "messages": [
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
        ],
    }


def post(proxy: Proxy, body: dict[str, Any], **headers: str) -> httpx.Response:
    # The client's own user agent makes LiteLLM lenient; a provider gets the same request from any client.
    return proxy.post(body, **headers)


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


def test_no_secret_is_kept(mixed: Proxy) -> None:
    mixed.settled()
    for file in mixed.files():
        content = file.read_bytes()
        assert not [secret for secret in (*SECRETS, OPENAI_KEY) if secret.encode() in content], file
