"""Subagents answered by other providers: the real client, a real proxy, a strict OpenAI-format upstream."""

from __future__ import annotations

from pathlib import Path

import pytest

from claude_lens.exchange import Exchange
from tests.e2e.routed import INNER, OPENAI_KEY, REVIEW, SEARCH, play, recorded, run, told
from tests.harness import SECRETS, Claude, Proxy
from tests.upstream import Call, Provider, Reply, error, say, spawn, text, tool_use, turns


def assert_as_routed(by_agent: dict[str | None, list[Exchange]], hints: bool) -> None:
    """Each agent's exchanges tell the rule, the model, the lane and the evidence."""
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


@pytest.mark.slow
@pytest.mark.smoke
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
    assert_as_routed(by_agent, hints)
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
    assert last.model.rule == "rule 4: agent=main, model=claude-3-haiku-20240307"


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


def test_no_secret_is_kept(mixed: Proxy) -> None:
    mixed.settled()
    for file in mixed.files():
        content = file.read_bytes()
        assert not [secret for secret in (*SECRETS, OPENAI_KEY) if secret.encode() in content], file
