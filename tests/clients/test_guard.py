"""Real clients meet limits, with ``-p`` and typed: one agent is stopped, the conversation goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.typed import COMMAND, Typist, acquaint
from tests.clients.versions import GATE, NEWEST, program
from tests.harness import Claude, Proxy
from tests.harness.terminal import Terminal
from tests.upstream import Call, Provider, Received, Reply, say, text, tool_use

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
AGENT = "---\nname: code-reviewer\ndescription: Reviews code\n---\n\nYou are a careful reviewer of code.\n"
PROMPTS = [f"LOOK number {number} around, carefully" for number in range(4)]
REFUSED = "claude-lens guard: "
VERSIONS = [
    pytest.param(version, marks=() if version == NEWEST else pytest.mark.clients, id=version)
    for version in GATE
]


@pytest.fixture(scope="module")
def guarded(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with Proxy(tmp_path_factory.mktemp("guarded home"), provider.url) as running:
        yield running
        running.assert_sound()


@pytest.fixture(params=VERSIONS)
def user(request: pytest.FixtureRequest, guarded: Proxy, upstream: Provider, tmp_path: Path) -> Claude:
    """Somebody with an agent of their own."""
    found = program(request.param)
    if found is None:
        pytest.skip(f"client {request.param} is not installed: run `make clients`")
    made = Claude(tmp_path, upstream.url, guarded)
    made.environment["CLAUDE_LENS_CLAUDE"] = str(found)
    agents = made.cwd / ".claude" / "agents"
    agents.mkdir(parents=True)
    (agents / "reviewer.md").write_text(AGENT)
    return made


def play(upstream: Provider, behind: bool = False) -> None:
    """Told ``review N``, the main agent starts N reviewers at once; each runs a command and is done.

    ``behind``: the main agent does not wait for them, where the client knows of that.
    """

    def script(call: Call) -> Reply:
        offered = {tool.get("name"): tool for tool in call.body.get("tools") or []}
        if not offered:
            return say(text('{"title": "Some words"}'))
        if reviews(call) is not None:
            return say(text("seen") if call.tool_results else tool_use("Bash", {"command": "true"}))
        number, answered = asked(call)
        if answered or not number:
            return say(text("all done" if number else "well heard"))
        name = "Agent" if "Agent" in offered else "Task"
        told: dict[str, Any] = {"description": "look around", "subagent_type": "code-reviewer"}
        if "run_in_background" in offered[name]["input_schema"]["properties"]:
            told["run_in_background"] = behind
        return say(*(tool_use(name, {**told, "prompt": prompt}) for prompt in PROMPTS[:number]))

    upstream.play(script)


def asked(call: Call) -> tuple[int, bool]:
    """How many reviewers the newest of the human's lines wants, and whether that line was answered."""
    messages = call.body["messages"]
    for index in reversed(range(len(messages))):
        content = messages[index]["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        for words in (str(block.get("text", "")).strip() for block in blocks):
            if messages[index]["role"] == "user" and words.startswith(("review ", "hello")):
                number = int(words.split()[1]) if words.startswith("review") else 0
                return number, any(one["role"] == "assistant" for one in messages[index:])
    return 0, False


def limits(proxy: Proxy) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(proxy.lensctl("guard", "--json").stdout)["rules"]
    return found


def stops(proxy: Proxy, session: str) -> list[str]:
    """The agents of a session that the only rule has stopped."""
    (rule,) = limits(proxy)
    return [one["agent"] for one in rule["stopped"] if one["session_id"] == session]


def limit(proxy: Proxy, rule: str) -> None:
    """The only rule from now on; nothing is stopped before the proxy holds it."""
    (proxy.home / "guard.yaml").write_text(f"rules:\n  - {{{rule}}}\n")
    assert len(limits(proxy)) == 1


def conversation(upstream: Provider, start: int = 0) -> list[Received]:
    """The requests of agents that the provider got, those for titles and counts left out."""
    return [
        one
        for one in upstream.requests[start:]
        if one.path == "/v1/messages" and (one.json or {}).get("tools")
    ]


def reviews(call: Call) -> str | None:
    """The prompt of the subagent that asks; None for the main agent."""
    return next((prompt for prompt in PROMPTS if any(prompt in told for told in call.prompts[:3])), None)


def heard(upstream: Provider) -> Call:
    """The main agent's last request."""
    calls = [Call(one) for one in conversation(upstream)]
    return next(call for call in reversed(calls) if reviews(call) is None)


def everything(upstream: Provider) -> str:
    """All that the main agent's last request says: an agent that nobody waits for ends with a note."""
    return heard(upstream).request.body.decode()


def looked(upstream: Provider) -> set[str]:
    """The subagents that the provider heard of, by their prompts."""
    return {prompt for one in conversation(upstream) if (prompt := reviews(Call(one)))}


@pytest.mark.parametrize("behind", [False, True], ids=["awaited", "behind"])
def test_a_subagent_is_stopped_and_the_conversation_ends_well(
    behind: bool, guarded: Proxy, upstream: Provider, user: Claude
) -> None:
    play(upstream, behind)
    limit(guarded, "agent: code-reviewer, limit: 0.0001")
    done = user.run("review 1")
    assert (done.code, done.json["is_error"]) == (0, False), done.stdout
    assert done.json["result"] == "all done"
    guarded.settled()
    session = done.json["session_id"]
    assert stops(guarded, session) == ["code-reviewer"]
    told = everything(upstream) if behind else heard(upstream).tool_results[0]
    assert REFUSED + "code-reviewer has spent" in told
    assert "lensctl guard allow agent:code-reviewer" in told
    assert "refused" in guarded.lensctl("show", session).stdout


def test_a_main_agent_reads_the_sentence_after_one_request(
    guarded: Proxy, upstream: Provider, user: Claude
) -> None:
    play(upstream)
    limit(guarded, "agent: main, limit: 0/day")
    done = user.run("hello")
    assert "claude-lens guard: the main agent has spent" in done.stdout
    assert conversation(upstream) == []
    guarded.settled()
    assert stops(guarded, done.json["session_id"]) == ["main"]
    guarded.lensctl("guard", "allow", "main")
    assert user.run("hello").json["result"] == "well heard"


def test_the_next_agents_of_a_burst_are_stopped_and_only_those(
    guarded: Proxy, upstream: Provider, user: Claude
) -> None:
    play(upstream)
    limit(guarded, "agents_per_session: 2")
    done = user.run("review 4")
    assert (done.code, done.json["result"]) == (0, "all done"), done.stdout
    guarded.settled()
    assert stops(guarded, done.json["session_id"]) == ["code-reviewer"] * 2
    assert limits(guarded)[0]["spent"] == 2
    assert len(looked(upstream)) == 2
    assert sorted(REFUSED in told for told in heard(upstream).tool_results) == [False, False, True, True]


def test_typed_in_a_terminal(guarded: Proxy, upstream: Provider, user: Claude) -> None:
    """All three in one session, which goes on after each."""
    play(upstream)
    acquaint(user)
    limit(guarded, "agent: main, limit: 0/day")
    with Terminal(COMMAND, user.environment, user.cwd) as terminal:
        typist = Typist(terminal, upstream)
        typist.begin()
        typist.tell("hello", REFUSED + "the main agent has spent")
        assert conversation(upstream) == []
        guarded.settled()
        session = limits(guarded)[0]["stopped"][-1]["session_id"]
        assert stops(guarded, session) == ["main"]
        guarded.lensctl("guard", "allow", "main")
        typist.tell("hello again", "well heard")

        limit(guarded, "agents_per_session: 2")
        typist.tell("review 4", lambda: everything(upstream).count(REFUSED) == 2)
        assert stops(guarded, session) == ["code-reviewer"] * 2
        assert len(looked(upstream)) == 2

        limit(guarded, "agent: code-reviewer, limit: 0.0001")
        typist.tell("review 1", lambda: REFUSED + "code-reviewer has spent" in everything(upstream))
        assert stops(guarded, session) == ["code-reviewer"]
        typist.tell("hello at the end", lambda: "hello at the end" in everything(upstream))
        assert typist.leave() == 0
