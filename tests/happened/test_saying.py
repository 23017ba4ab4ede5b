"""A tool call in a line."""

from __future__ import annotations

from typing import Any

import pytest

from claude_lens.happened.saying import LONGEST, about, foremost
from claude_lens.messages.calls import Call


def call(name: str, given: Any, ident: str = "toolu_1") -> Call:
    return Call(ident, name, given, "client", {})


@pytest.mark.parametrize(
    ("name", "given", "line"),
    [
        ("Bash", {"command": "\n  npm test\nnpm run x", "description": "Test"}, "npm test"),
        ("Edit", {"file_path": "/a/b.py", "old_string": "x"}, "/a/b.py"),
        ("Grep", {"pattern": "x+"}, "x+"),
        ("Agent", {"prompt": "look", "description": "Look around"}, "Look around"),
        ("Agent", {"prompt": "look"}, "look"),
        ("AskUserQuestion", {"questions": [{"question": "Which?"}]}, "Which?"),
        ("AskUserQuestion", {"questions": "none"}, None),
        ("mcp__x__y", {"other": 1}, None),
        ("Bash", None, None),
        ("Bash", {"command": "x" * 500}, "x" * (LONGEST - 1) + "…"),
    ],
)
def test_the_line(name: str, given: Any, line: str | None) -> None:
    assert about(call(name, given)) == line


def test_whoever_waits_for_a_human_is_named_first_and_agents_last() -> None:
    agent, bash, asks = call("Agent", {}), call("Bash", {}), call("AskUserQuestion", {})
    assert foremost([agent, bash, asks]) is asks
    assert foremost([agent, bash]) is bash
    assert foremost([agent]) is agent
    assert foremost([]) is None
