from __future__ import annotations

from typing import Any

import pytest

from claude_lens.replay.comparing import Comparing

PROJECT = "/home/me/some project"


def body(*messages: Any, **more: Any) -> dict[str, Any]:
    system = [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.332.abc;"},
        {"type": "text", "text": f"You are an agent in {PROJECT}."},
    ]
    told: dict[str, Any] = {"model": "m", "system": system, "tools": [], "messages": list(messages)}
    return {**told, **more}


def user(*texts: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": one} for one in texts]}


def result(ident: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": ident, "content": content, **more}


SAME = [
    ("on 2026-11-28 at 10:11:12", "on 2027-01-02 at 23:00:01"),
    ("Sat Nov 28 06:48:21 UTC 2026", "Mon Jan  4 16:48:21 CET 2027"),
    ("agentId: a11a9f931b56b06d2 (use it)", "agentId: a22a9f931b56b06d3 (use it)"),
    ("in 0a1b2c3d-0000-4000-8000-000000000001", "in 0a1b2c3d-0000-4000-8000-000000000002"),
    (f"Edit {PROJECT}/a.py", "Edit /tmp/tree/a.py"),
    ("see /root/.claude/projects/x", "see /tmp/claude-lens-replay-1/home/.claude/projects/x"),
    ("1 passed in 0.12s", "1 passed in 1.3s"),
    ("<usage>total_tokens: 5\nduration_ms: 9</usage>", "<usage>total_tokens: 7\nduration_ms: 11</usage>"),
    ("<env>\nPlatform: linux\n</env>\nrest", "<env>\nPlatform: darwin\n</env>\nrest"),
    (
        "<system-reminder>\n# gitStatus\nCurrent branch: main\n(clean)\n</system-reminder>",
        "<system-reminder>\n# gitStatus\nCurrent branch: HEAD\nM a\n</system-reminder>",
    ),
    ("out\n\n<system-reminder>\n<total_tokens>9 tokens left</total_tokens>\n</system-reminder>", "out"),
]


@pytest.mark.parametrize(("one", "two"), SAME)
def test_what_differs_by_itself_does_not_count(one: str, two: str) -> None:
    comparing = Comparing([PROJECT, "/tmp/tree"])
    assert comparing.of(body(user(one))) == comparing.of(body(user(two)))


def test_forms_do_not_count() -> None:
    comparing = Comparing()
    marked = {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {"type": "x"}}]}
    said = {
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": "…"}, {"type": "text", "text": "a "}],
    }
    again = {"role": "assistant", "content": [{"type": "text", "text": "a"}]}
    first = comparing.of(body(marked, said, metadata={"user_id": "1"}))
    assert first == comparing.of(body({"role": "user", "content": "hi"}, again, metadata={"user_id": "2"}))


@pytest.mark.parametrize(
    "other",
    [
        body(user("hello", "Contents of CLAUDE.md:\n\nBe long.")),
        body(user("hello"), model="other"),
        body(user("hello"), tools=[{"name": "Bash", "description": "x"}]),
        body(user("hello"), thinking={"type": "adaptive"}),
        body(user("hello, you")),
        body(user("hello"), user("more")),
        body(user("hello"), system=[{"type": "text", "text": "Another."}]),
    ],
)
def test_everything_else_counts(other: dict[str, Any]) -> None:
    comparing = Comparing()
    assert comparing.of(body(user("hello"))).whole != comparing.of(other).whole


def test_results_at_once_come_in_any_order_and_count_unless_they_are_served() -> None:
    comparing = Comparing()

    def asked(*blocks: dict[str, Any]) -> bytes:
        return comparing.of(body(user("go"), {"role": "user", "content": list(blocks)})).whole

    one, two = result("toolu_1", "one"), result("toolu_2", [{"type": "text", "text": "two"}])
    assert asked(one, two) == asked(two, one)
    assert asked(one, two) != asked(one, result("toolu_2", "three"))
    assert asked(result("toolu_1", "PreToolUse:Bash hook error: no", is_error=True)) == asked(
        result("toolu_1", "no", is_error=True)
    )
    assert asked(result("toolu_1", "no", is_error=True)) != asked(result("toolu_1", "no"))
    served = Comparing(served=["toolu_2"])
    assert served.of(body({"role": "user", "content": [two]})) == served.of(
        body({"role": "user", "content": [result("toolu_2", "refused", is_error=True)]})
    )


def test_how_far_two_are_the_same() -> None:
    comparing = Comparing()
    one, two = comparing.of(body(user("a"), user("b"))), comparing.of(body(user("a"), user("c"), user("d")))
    assert one.same_beginning(two) == 1
