from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.store.insight.context import Context, context, mcp_server, shared_out

BODY: dict[str, Any] = {
    "system": [{"type": "text", "text": "s" * 400}, {"type": "text", "text": "t" * 40}],
    "tools": [
        {"name": "Read", "input_schema": {}},
        {"name": "mcp__github__search", "description": "d" * 100},
        {"name": "mcp__github__open", "description": "d" * 100},
        {"name": "mcp__slack__say"},
    ],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "<system-reminder>\nbe kind\n</system-reminder>"},
                {"type": "text", "text": "fix it"},
            ],
        },
        {"role": "system", "content": "# Environment"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm"},
                {"type": "text", "text": "reading"},
                {"type": "tool_use", "id": "t1", "name": "Read", "input": {"file_path": "/src/a.py"}},
                {"type": "tool_use", "id": "t2", "name": "Read", "input": {"file_path": "/src/b.py"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "a" * 1000},
                {"type": "tool_result", "tool_use_id": "t2", "content": [{"type": "image", "source": {}}]},
                {"type": "novelty", "data": 1},
            ],
        },
    ],
}


def named(found: Context) -> dict[tuple[str, str, str | None], int]:
    return {(item["kind"], item["name"], item["file"]): item["tokens"] for item in found["items"]}


def test_everything_has_its_place() -> None:
    found = context(BODY, 5000)
    assert set(named(found)) == {
        ("system", "block 0", None),
        ("system", "block 1", None),
        ("system", "system", None),
        ("tool", "Read", None),
        ("mcp tool", "mcp__github__search", None),
        ("mcp tool", "mcp__github__open", None),
        ("mcp tool", "mcp__slack__say", None),
        ("reminder", "user", None),
        ("user", "user", None),
        ("assistant", "assistant", None),
        ("thinking", "assistant", None),
        ("tool call", "Read", None),
        ("tool result", "Read", "/src/a.py"),
        ("tool result", "Read", "/src/b.py"),
        ("image", "Read", "/src/b.py"),
    }
    assert found["items"][0]["kind"] == "image"
    assert set(found["servers"]) == {"github", "slack"}
    assert found["servers"]["github"] > found["servers"]["slack"]


@pytest.mark.parametrize("counted", [0, 1, 17, 5000, 199_999])
def test_the_sum_is_the_providers_count(counted: int) -> None:
    found = context(BODY, counted)
    assert sum(item["tokens"] for item in found["items"]) == found["tokens"] == counted
    assert found["counted"]


def test_without_a_count_the_sum_is_estimated() -> None:
    found = context(BODY, None)
    assert not found["counted"]
    assert sum(item["tokens"] for item in found["items"]) == found["tokens"] > 1000


@pytest.mark.parametrize(
    "body", [{}, {"messages": "x", "tools": 1}, {"system": "text", "messages": [1, {"role": 3}]}]
)
def test_odd_bodies_do_no_harm(body: dict[str, Any]) -> None:
    found = context(body, 10)
    assert sum(item["tokens"] for item in found["items"]) in (0, 10)


@given(st.lists(st.floats(0, 1e6), max_size=40), st.integers(0, 10**6))
def test_parts_add_up(weights: list[float], total: int) -> None:
    parts = shared_out(weights, total)
    assert len(parts) == len(weights)
    assert sum(parts) == (total if sum(weights) else 0)
    assert all(part >= 0 for part in parts)


def test_servers() -> None:
    assert (mcp_server("mcp__a_b__c__d"), mcp_server("Read")) == ("a_b", None)


def test_a_deferred_tool_fills_nothing_until_it_is_found() -> None:
    tools = [{"name": "Read"}, {"name": "Web", "description": "d" * 400, "defer_loading": True}]
    found = {"type": "tool_result", "content": [{"type": "tool_reference", "tool_name": "Web"}]}
    asked: dict[str, Any] = {"tools": tools, "messages": [{"role": "user", "content": "go"}]}
    assert [item["name"] for item in context(asked, None)["items"] if item["kind"] == "tool"] == ["Read"]
    asked["messages"].append({"role": "user", "content": [found]})
    assert {item["name"] for item in context(asked, None)["items"] if item["kind"] == "tool"} == {
        "Read",
        "Web",
    }
