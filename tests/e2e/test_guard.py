"""The real client meets limits: one agent is stopped, the conversation goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Claude, Proxy
from tests.upstream import Call, Provider, Reply, say, spawn, text, tool_use

AGENT = "---\nname: code-reviewer\ndescription: Reviews code\n---\n\nYou are a careful reviewer of code.\n"
PROMPTS = [f"LOOK number {number} around, carefully" for number in range(4)]


@pytest.fixture(scope="module")
def guarded(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with Proxy(tmp_path_factory.mktemp("guarded home"), provider.url) as running:
        yield running
        running.assert_sound()


def play(upstream: Provider, agents: int) -> None:
    """The main agent starts so many reviewers at once; each runs a command and is done."""

    def script(call: Call) -> Reply:
        first = next((prompt for prompt in PROMPTS if any(prompt in told for told in call.prompts[:3])), None)
        if first is not None:
            return say(tool_use("Bash", {"command": "true"})) if call.turn == 0 else say(text("seen"))
        calls = [spawn(prompt, "code-reviewer") for prompt in PROMPTS[:agents]]
        return say(*calls) if call.turn == 0 and agents else say(text("all done"))

    upstream.play(script)


def limits(proxy: Proxy) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(proxy.lensctl("guard", "--json").stdout)["rules"]
    return found


def client(folder: Path, proxy: Proxy, upstream: Provider) -> Claude:
    made = Claude(folder, upstream.url, proxy)
    agents = made.cwd / ".claude" / "agents"
    agents.mkdir(parents=True)
    (agents / "reviewer.md").write_text(AGENT)
    return made


def test_a_subagent_is_stopped_and_the_conversation_ends_well(
    guarded: Proxy, upstream: Provider, tmp_path: Path
) -> None:
    play(upstream, 1)
    (guarded.home / "guard.yaml").write_text("rules:\n  - {agent: code-reviewer, limit: 0.0001}\n")
    done = client(tmp_path, guarded, upstream).run("go")
    assert (done.code, done.json["is_error"]) == (0, False), done.stdout
    assert done.json["result"] == "all done"
    guarded.settled()
    (rule,) = limits(guarded)
    assert [stop["agent"] for stop in rule["stopped"]] == ["code-reviewer"]
    said = "\n".join(one.body.decode() for one in upstream.requests)
    assert "API Error: 402 claude-lens guard: code-reviewer has spent" in said
    assert "lensctl guard allow agent:code-reviewer" in said
    tree = guarded.lensctl("show", rule["stopped"][0]["session_id"]).stdout
    assert "refused" in tree


def test_a_main_agent_reads_the_sentence_after_one_request(
    guarded: Proxy, upstream: Provider, tmp_path: Path
) -> None:
    play(upstream, 0)
    (guarded.home / "guard.yaml").write_text("rules:\n  - {agent: main, limit: 0/day}\n")
    asking = client(tmp_path, guarded, upstream)
    done = asking.run("go")
    assert "claude-lens guard: the main agent has spent" in done.stdout
    assert [one for one in upstream.requests if one.path.startswith("/v1/messages")] == []
    guarded.settled()
    assert len(limits(guarded)[0]["stopped"]) == 1
    guarded.lensctl("guard", "allow", "main")
    assert asking.run("go").json["result"] == "all done"


def test_the_next_agents_of_a_burst_are_stopped_and_only_those(
    guarded: Proxy, upstream: Provider, tmp_path: Path
) -> None:
    play(upstream, 4)
    (guarded.home / "guard.yaml").write_text("rules:\n  - agents_per_session: 2\n")
    done = client(tmp_path, guarded, upstream).run("go")
    assert (done.code, done.json["result"]) == (0, "all done"), done.stdout
    guarded.settled()
    (rule,) = limits(guarded)
    assert (rule["spent"], len(rule["stopped"])) == (2, 2)
    asked = {
        prompt
        for prompt in PROMPTS
        for one in upstream.requests
        if one.header("x-claude-code-agent-id") and prompt in one.body.decode()
    }
    assert len(asked) == 2
