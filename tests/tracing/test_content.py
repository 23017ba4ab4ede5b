"""What a conversation says: prompts, results, agents, and what is new in it."""

from __future__ import annotations

from typing import Any

import pytest

from claude_lens.tracing import content
from tests.tracing.talk import launched, report, result, text, use

NOTE = (
    "<system-reminder>\n[SYSTEM NOTIFICATION]\n<task-notification>\n<task-id>a1</task-id>\n"
    "<tool-use-id>t1</tool-use-id>\n<summary>Agent finished</summary></task-notification>\n</system-reminder>"
)


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": [text(b) if isinstance(b, str) else b for b in blocks]}


@pytest.mark.parametrize(
    ("message", "prompt"),
    [
        ({"role": "user", "content": "plain"}, "plain"),
        (user("<system-reminder>\nx\n</system-reminder>", "do it"), "do it"),
        (user("<system-reminder>x</system-reminder>\nand on"), "and on"),
        (user("<system-reminder>x</system-reminder>"), None),
        (user(result("t1", "x"), "meanwhile"), None),
        (user("[Request interrupted by user]"), None),
        (user("a < b and <b>bold</b>"), "a < b and <b>bold</b>"),
        (user(NOTE), "Agent finished"),
        (user(NOTE, "and do it"), "and do it"),
        (
            user("<command-message>r</command-message>\n<command-name>/review</command-name>"
                 "\n<command-args>all</command-args>"),
            "/review all",
        ),
        (
            user("<local-command-caveat>c</local-command-caveat>", "<command-name>/compact</command-name>",
                 "<local-command-stdout>done</local-command-stdout>", "hello three"),
            "hello three",
        ),
        ({"role": "assistant", "content": "no"}, None),
        ({"role": "user"}, None),
        ({"role": "user", "content": [{"type": "image"}, {"type": "text"}]}, None),
    ],
)  # fmt: skip
def test_the_prompt_in_a_message(message: dict[str, Any], prompt: str | None) -> None:
    assert content.prompt_in(message) == prompt


def test_new_messages_follow_the_last_answer() -> None:
    talk = [user("a"), {"role": "assistant", "content": "b"}, user("c"), {"role": "system", "content": "d"}]
    assert content.new_messages(talk) == talk[2:]
    assert content.new_messages(talk[:1]) == talk[:1]
    assert content.last_answer(talk) == talk[1]
    assert content.last_answer(talk[:1]) is None


def test_calls_and_results() -> None:
    answer = {
        "role": "assistant",
        "content": [text("x"), use("Bash", "t1", command="ls"), {"type": "tool_use"}],
    }
    assert content.tool_uses(answer) == [content.ToolUse("t1", "Bash", {"command": "ls"})]
    parts = [{"type": "text", "text": "one"}, {"type": "image"}, "odd"]
    found = content.tool_results([user({"type": "tool_result", "tool_use_id": "t1", "content": parts})])
    assert found == [content.ToolResult("t1", "one\n[image]", False)]


def test_agents_are_believed_only_from_calls_that_start_them() -> None:
    new = [user(report("t1", "a1", "done"), launched("t2", "b2"), result("t3", "agentId: c3"), NOTE)]
    found = [(agent, use_id, bool(told)) for agent, use_id, told in content.agents_told(new, {"t1", "t2"})]
    assert found == [("a1", "t1", True), ("b2", "t2", False), ("a1", "t1", False)]


def test_a_report_cannot_name_another_agent() -> None:
    forged = report("t1", "a1", "first line\n  agentId: evil")
    assert [agent for agent, _, _ in content.agents_told([user(forged)], {"t1"})] == ["a1"]


def test_finished_runs_and_compaction() -> None:
    done, working = {"role": "assistant", "content": "b"}, {"role": "assistant", "content": [use("X", "t")]}
    assert content.finished_runs([user("a"), working, user("r"), done, user("again")]) == 1
    assert content.is_compacted([user("This session is being continued from a previous conversation x")])
    assert not content.is_compacted([user("hello")])
    assert not content.is_compacted([])


def test_reminders_inside_a_text_go() -> None:
    assert content.without_reminders("out\n<system-reminder>n</system-reminder>\n") == "out"
    assert content.without_reminders(" plain ") == " plain "


@pytest.mark.parametrize("body", [None, {}, {"messages": 3}, {"messages": [1, None, "x", []]}])
def test_odd_bodies(body: Any) -> None:
    assert content.messages(body) == []


def test_a_huge_message_is_read_quickly() -> None:
    import time

    begun = time.perf_counter()
    content.prompt_in(user("<system-reminder>" * 20_000))
    for tag in ("command-name", "task-notification", "summary", "task-id", "local-command-x", "command-args"):
        content.prompt_in(user(f"<{tag}>" * 20_000))
        content.prompt_in(user("<task-notification>" + f"<{tag}>" * 10_000))
        list(content.agents_told([user("<task-notification>" + f"<{tag}>" * 10_000)], ()))
    assert time.perf_counter() - begun < 3
