"""The real client through claude-lens: it cannot tell the difference, and everything is on record."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.scenarios import SCENARIOS, Scenario
from tests.harness import Claude, Proxy, Run, Tap, finish
from tests.upstream import Provider, always, say, slow, text

pytestmark = [pytest.mark.smoke, pytest.mark.slow]


def play(scenario: Scenario, client: Claude, upstream: Provider) -> Run:
    """Run every step; returns the last one's outcome."""
    upstream.play(scenario.script())
    done: Run | None = None
    for step in scenario.steps:
        more = ("--resume", done.json["session_id"]) if step.resume and done else ()
        done = client.run(*step.arguments, *more, stdin=step.stdin)
    assert done is not None
    return done


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_same_as_direct_and_on_record(
    scenario: Scenario, proxy: Proxy, upstream: Provider, tmp_path: Path
) -> None:
    direct = play(scenario, Claude(tmp_path / "direct", upstream.url), upstream)
    direct_calls = len(upstream.calls)
    with Tap(proxy.port) as tap:
        lens = play(scenario, Claude(tmp_path / "lens", upstream.url, proxy, via=tap.url), upstream)
        proxy.settled()
        sent = [request for request in tap.requests if request.method == "POST"]

    assert direct.code == scenario.code, direct
    assert lens.told() == direct.told()
    assert lens.stderr == direct.stderr
    if scenario.result is not None:
        assert lens.json["result"] == scenario.result
    assert len(upstream.calls) == direct_calls == (scenario.calls or direct_calls)

    shown = proxy.show()
    assert shown["session"]["id"] == lens.json["session_id"]
    check_requests(shown, upstream, sent)
    check_money(shown, lens.json)
    check_agents(shown, upstream, lens.json, scenario)


def check_requests(shown: dict[str, Any], upstream: Provider, sent: list[Any]) -> None:
    """Every exchange the provider saw stands there once, with the body that the client sent."""
    exchanges = shown["exchanges"]
    wanted = [f"req_011{call.request.number:021d}" for call in upstream.calls]
    assert Counter(exchange["request_id"] for exchange in exchanges) == Counter(wanted)
    assert len({exchange["id"] for exchange in exchanges}) == len(exchanges)
    canonical = [json.dumps(request.json, sort_keys=True) for request in sent]
    recorded = [json.dumps(exchange["request"]["body"], sort_keys=True) for exchange in exchanges]
    assert sorted(recorded) == sorted(canonical)
    assert [e["started_at"] for e in exchanges] == sorted(e["started_at"] for e in exchanges)
    for exchange in exchanges:
        ok = exchange["http_status"] == 200
        assert exchange["status"] == ("ok" if ok else "error")
        assert exchange["response"]["body"]["type"] == ("message" if ok else "error")
        assert exchange["duration_ms"] >= exchange["ttfb_ms"] > 0
        assert exchange["request_class"] == ("subagent" if exchange["agent"]["id"] else "main")


def check_money(shown: dict[str, Any], told: dict[str, Any]) -> None:
    """Tokens and dollars agree with the client's own account."""
    exchanges = shown["exchanges"]
    assert sum(e["cost_usd"] or 0 for e in exchanges) == pytest.approx(told["total_cost_usd"], abs=1e-9)
    assert (shown["session"]["cost_usd"] or 0) == pytest.approx(told["total_cost_usd"], abs=1e-9)
    names = {
        "input_tokens": "inputTokens",
        "output_tokens": "outputTokens",
        "cache_read_input_tokens": "cacheReadInputTokens",
        "cache_creation_input_tokens": "cacheCreationInputTokens",
    }
    for ours, theirs in names.items():
        counted = sum((e["usage"] or {}).get(ours, 0) for e in exchanges)
        assert counted == sum(model[theirs] for model in told["modelUsage"].values()), ours


def check_agents(shown: dict[str, Any], upstream: Provider, told: dict[str, Any], scenario: Scenario) -> None:
    """Who asked, and on whose behalf, as the client's headers and its own statistics say."""
    by_request = {exchange["request_id"]: exchange for exchange in shown["exchanges"]}
    parents: dict[str, str | None] = {}
    for call in upstream.calls:
        agent = by_request[f"req_011{call.request.number:021d}"]["agent"]
        assert agent["id"] == call.agent_id
        if call.agent_id:
            assert agent["parent_id"] == call.request.header("x-claude-code-parent-agent-id")
            assert agent["type"] == "general-purpose"
            parents[call.agent_id] = agent["parent_id"]
    depths = sorted(depth(agent, parents) for agent in parents)
    assert tuple(depths) == scenario.depths
    assert told["subagent_stats"]["spawned"] == len(parents)
    assert told["subagent_stats"]["max_depth"] == max(depths, default=0)
    assert {agent["id"] for agent in shown["agents"] if agent["id"]} == set(parents)


def depth(agent: str, parents: dict[str, str | None]) -> int:
    """Level of nesting, 1 directly below the main agent."""
    parent = parents[agent]
    return 1 if parent is None else 1 + depth(parent, parents)


def test_ctrl_c_in_mid_stream(proxy: Proxy, upstream: Provider, tmp_path: Path) -> None:
    words = say(text("several words that come slowly, one by one", pieces=10))
    outcomes = []
    for name, through in (("direct", None), ("lens", proxy)):
        outcomes.append(interrupted(Claude(tmp_path / name, upstream.url, through), upstream, words))
    direct, lens = outcomes
    # The client's own estimate of the tokens it got depends on when the signal reached it.
    for told in (direct, lens):
        for guess in ("modelUsage", "total_cost_usd"):
            assert told.pop(guess)
    assert lens == direct

    proxy.settled()
    (exchange,) = proxy.show()["exchanges"]
    assert exchange["status"] == "cancelled"
    assert exchange["http_status"] == 200
    assert exchange["usage"]["input_tokens"] == 12
    assert exchange["response"]["body"]["content"][0]["text"].startswith("sever")
    assert exchange["cost_usd"] >= 12 * 3e-6
    upstream.wait(lambda provider: provider.outcomes[-1].gone, 5)


def interrupted(client: Claude, upstream: Provider, words: Any) -> dict[str, Any]:
    """Press Ctrl-C once the stream flows; the client now and then says nothing at all, then try again."""
    for attempt in range(4):
        upstream.play(always(slow(words, between=1.0, after=6)))
        child = client.start(f"go on {attempt}")
        upstream.wait(lambda provider: bool(provider.outcomes and provider.outcomes[-1].sent > 800))
        time.sleep(0.5)
        child.signal(signal.SIGINT)
        ended = finish(child, 20)
        if ended.stdout.strip():
            return ended.told()
    raise AssertionError(f"the client never told its result: {ended}")


def test_a_session_needs_no_litellm(upstream: Provider, tmp_path: Path) -> None:
    [scenario] = [one for one in SCENARIOS if one.name == "subagent"]
    with Proxy(tmp_path / "home", upstream.url) as lean:
        assert play(scenario, Claude(tmp_path / "lens", upstream.url, lean), upstream).code == 0
        lean.settled()
        assert lean.on_demand()
        assert {exchange["lane"] for exchange in lean.show()["exchanges"]} == {"transparent"}
        lean.assert_sound()
