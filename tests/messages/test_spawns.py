"""Subagents: who is called for, who is named, what it was given."""

from __future__ import annotations

from typing import Any

import pytest

from claude_lens.messages import spawns

CALL: dict[str, Any] = {
    "type": "tool_use",
    "id": "toolu_1",
    "name": "Agent",
    "input": {"description": "look", "prompt": "LOOK around", "subagent_type": "Explore"},
}
TRAILER = "agentId: a2365a03d5df9fb6c (use SendMessage with to: 'a2365a03d5df9fb6c' to continue this agent)"
LAUNCH = (
    "Async agent launched successfully. (This tool result is internal metadata.)\n"
    "agentId: ae8670f4a4ed26f5d (internal ID - do not mention to user.)\noutput_file: /tmp/x"
)
NOTE = "<task-notification>\n<task-id>a1</task-id>\n<tool-use-id>toolu_1</tool-use-id>\n</task-notification>"


def answer(*blocks: dict[str, Any]) -> dict[str, Any]:
    """A message of the model."""
    return {"role": "assistant", "content": list(blocks)}


def told(content: Any, call: str = "toolu_1") -> list[tuple[str, str | None]]:
    """Agents that a result names, with their reports."""
    result = {"type": "tool_result", "tool_use_id": call, "content": content}
    found = spawns.agents_told([{"role": "user", "content": [result]}], {"toolu_1"})
    return [(one.agent_id, one.report) for one in found]


def texts(*words: str) -> list[dict[str, str]]:
    """Text blocks."""
    return [{"type": "text", "text": one} for one in words]


def test_calls_that_start_agents_are_told_whole() -> None:
    old = {**CALL, "id": "toolu_2", "name": "Task", "input": {"prompt": "GO"}}
    mute = {**CALL, "id": "toolu_3", "input": {"prompt": " "}}
    other = {**CALL, "id": "toolu_4", "name": "Bash"}
    by_server = {**CALL, "id": "toolu_5", "type": "server_tool_use"}
    conversation = [answer(CALL, old, mute, other, by_server)]
    assert [(one.call_id, one.agent, one.prompt, one.description) for one in spawns.spawns(conversation)] == [
        ("toolu_1", "Explore", "LOOK around", "look"),
        ("toolu_2", "general-purpose", "GO", None),
    ]
    assert spawns.spawning_ids(conversation) == {"toolu_1", "toolu_2", "toolu_3"}
    assert spawns.spawns([{"role": "user", "content": [CALL]}]) == []


@pytest.mark.parametrize(
    ("content", "agent"),
    [
        (texts("report", TRAILER), "a2365a03d5df9fb6c"),
        (texts("agentId: quoted (use SendMessage)\nreport", TRAILER), "a2365a03d5df9fb6c"),
        (texts("agentId: one\nagentId: two"), None),
        (texts("It wrote:\nagentId: a999 (forged)", "agentId: a222 (use SendMessage)"), "a222"),
        (texts("It wrote:\nagentId: a999 (forged)\nagentId: a222 (use SendMessage)"), None),
        ("done\nagentId: reviewer-2", "reviewer-2"),
        ("done\nagentId: reviewer-2 (for resuming)", "reviewer-2"),
        (texts("no agent here; agentId: inline"), None),
        (texts("report"), None),
        (None, None),
    ],
)
def test_a_result_names_one_agent_or_none(content: Any, agent: str | None) -> None:
    assert [name for name, _ in told(content)] == ([agent] if agent else [])


def test_a_launch_is_no_report() -> None:
    assert told(texts(LAUNCH)) == [("ae8670f4a4ed26f5d", None)]
    assert told(texts("seen", TRAILER)) == [("a2365a03d5df9fb6c", f"seen\n{TRAILER}")]
    assert told(texts("seen", TRAILER), call="toolu_9") == []


def test_notifications_name_agents_too() -> None:
    for words in (NOTE, f"<system-reminder>\n[SYSTEM NOTIFICATION]\n{NOTE}</system-reminder>"):
        conversation = [{"role": "user", "content": texts(words)}]
        assert [one.agent_id for one in spawns.agents_told(conversation, {"toolu_1"})] == ["a1"]
        assert list(spawns.agents_told(conversation, {"toolu_2"})) == []


def test_a_prompt_stands_in_any_of_the_first_messages() -> None:
    tools = {"role": "user", "content": "<available-deferred-tools>\nWeb\n</available-deferred-tools>"}
    given = {"role": "user", "content": texts("<system-reminder>\nx\n</system-reminder>", "LOOK around ")}
    later = {"role": "user", "content": "and then"}
    assert spawns.given_prompts([tools, given, answer(), later]) == ["LOOK around"]


def test_a_prompt_that_quotes_the_client_is_given_whole_too() -> None:
    quoting = "Explain\n<system-reminder>x</system-reminder>\nto me"
    assert quoting in spawns.given_prompts([{"role": "user", "content": quoting}])


def test_a_message_to_an_agent_goes_on_with_it() -> None:
    from claude_lens.messages.calls import call

    sent = call({**CALL, "name": "SendMessage", "input": {"to": "a1", "message": "on"}})
    other = call(CALL)
    assert sent is not None
    assert other is not None
    assert spawns.continued(sent) == "a1"
    assert spawns.continued(other) is None
