"""What a client remembers of a session beside what was recorded of it: parallel calls, a subagent, a fork."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claude_lens.store.reading.queries import Reader
from tests.clients.conftest import Stage
from tests.clients.versions import NEWEST, program
from tests.harness import Claude
from tests.upstream import Call, Reply, say, text, tool_use

PROMPTS = ("do parallel now", "spawn one now", "go on now", "forked now")
COUNT = "COUNT-PROMPT count the things."
BILLING = "x-anthropic-billing-header"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
VERSIONS = [
    pytest.param("2.0.77", marks=pytest.mark.clients),
    pytest.param("2.1.197", marks=pytest.mark.clients),
    NEWEST,
]


def script(call: Call) -> Reply:
    """What the provider says."""
    offered = {tool.get("name") for tool in call.body.get("tools") or []}
    told = "\n".join(call.prompts)
    if not offered or "Warmup" in told:
        return say(text('{"title": "Words"}'))
    if COUNT in told and not any(one in told for one in PROMPTS):
        used = bool(call.tool_results)
        return (
            say(text("three")) if used else say(tool_use("Bash", {"command": "echo sub", "description": "x"}))
        )
    messages = call.body["messages"]
    turn, words = next(
        (at, prompt)
        for at in reversed(range(len(messages)))
        for prompt in PROMPTS
        if messages[at]["role"] == "user" and prompt in json.dumps(messages[at]["content"])
    )
    if not any(one["role"] == "assistant" for one in messages[turn:]):
        if words == "do parallel now":
            calls = [tool_use("Bash", {"command": f"echo {at}", "description": "x"}) for at in range(3)]
            return say(text("running"), *calls)
        if words == "spawn one now":
            given = {"description": "count", "prompt": COUNT, "subagent_type": "general-purpose"}
            return say(tool_use("Agent" if "Agent" in offered else "Task", given))
    return say(text(f"answered: {words}"))


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_client_remembers_is_what_was_recorded(version: str, stage: Stage, tmp_path: Path) -> None:
    found = program(version)
    if found is None:
        pytest.skip(f"client {version} is not installed: run `make clients`")
    stage.provider.play(script)
    user = Claude(tmp_path, stage.provider.url, stage.proxy)
    user.environment["CLAUDE_LENS_CLAUDE"] = str(found)
    first = _run(user, PROMPTS[0])
    _run(user, PROMPTS[1], "--resume", first)
    _run(user, PROMPTS[2], "--resume", first)
    fork = _run(user, PROMPTS[3], "--resume", first, "--fork-session")
    assert fork != first
    stage.proxy.settled(60)
    home = {"HOME": str(user.home)}
    again = stage.proxy.lensctl("import", "--folder", str(user.home / ".claude" / "projects"), "--json")
    assert json.loads(again.stdout)["new"] == 0

    empty = {"CLAUDE_LENS_HOME": str(tmp_path / "empty"), **home}
    stage.proxy.environment, kept = {**stage.proxy.environment, **empty}, stage.proxy.environment
    try:
        stage.proxy.lensctl("import", "--claude-transcripts")
    finally:
        stage.proxy.environment = kept
    both = Reader(f"sqlite:///{stage.proxy.home / 'lens.db'}"), Reader(f"sqlite:///{tmp_path}/empty/lens.db")
    with both[0] as recorded, both[1] as imported:
        known = {one["id"] for one in imported.sessions()}
        # 2.0.77 warms its agents up in a session of their own before it goes on with another.
        assert known == {first, fork} if version == NEWEST else known >= {first, fork}
        ours = [one["id"] for one in recorded.sessions() if str(tmp_path) in str(one["project"])]
        _compare(recorded, imported, ours, version)


def _run(user: Claude, prompt: str, *options: str) -> str:
    done = user.run(prompt, *options)
    assert done.code == 0, done.stdout + done.stderr
    return str(done.json["session_id"])


def _compare(recorded: Reader, imported: Reader, sessions: list[str], version: str) -> None:
    told = {one["request_id"]: one for session in sessions for one in recorded.exchanges(session)}
    found = {one["request_id"]: one for name in imported.sessions() for one in imported.exchanges(name["id"])}
    left_out = [told[name]["request_class"] for name in told.keys() - found.keys()]
    assert set(left_out) <= {"auxiliary"}, left_out
    facts: Callable[[dict[str, Any]], Any] = lambda one: (  # noqa: E731
        one["request_class"] == "auxiliary" or one["session_id"],
        one["request_class"],
        one["agent"]["name"],
        one["model"]["routed"],
        {name: count for name, count in one["usage"].items() if count},
        round(one["cost_usd"], 9),
        one["stop_reason"],
        one["project"],
    )
    for name, one in found.items():
        assert facts(dict(one)) == facts(dict(told[name]))
        sent, kept = (
            _known(store.rebuild(where["id"]) or {})
            for store, where in ((recorded, told[name]), (imported, one))
        )
        if version == NEWEST:
            assert kept == sent
            assert list(kept) == list(sent)
        if version == "2.0.77":
            # When it resumes it forgets all but one of the calls that it had made at once; we do not.
            assert set(_calls(sent)) <= set(_calls(kept))
        else:
            assert _calls(kept) == _calls(sent)


def _known(body: dict[str, Any]) -> dict[str, Any]:
    """A body without what no transcript has."""
    system = [one for one in body.get("system", []) if BILLING not in one["text"]]
    known = {name: value for name, value in body.items() if name != "metadata"}
    return {**known, **({"system": system} if system else {})}


def _calls(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Calls and results, in order."""
    return [
        (block["type"], block.get("id") or block["tool_use_id"])
        for message in body["messages"]
        for block in (message["content"] if isinstance(message["content"], list) else [])
        if block["type"] in ("tool_use", "tool_result")
    ]
