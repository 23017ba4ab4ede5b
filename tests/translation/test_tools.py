from typing import Any

import pytest

from claude_lens.messages.calls import references
from claude_lens.translation.notes import Notes
from claude_lens.translation.tools import MOST_TOOLS, adapt_tool_choice, adapt_tools

SCHEMA = {"type": "object", "properties": {}}


def tool(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "input_schema": SCHEMA, **more}


def used(*blocks: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "assistant", "content": list(blocks)}]


def names(tools: list[dict[str, Any]], messages: list[Any] | None = None) -> tuple[list[str], Notes]:
    notes = Notes()
    return [made["name"] for made in adapt_tools(tools, messages or [], notes)], notes


def test_only_what_everybody_understands_is_left() -> None:
    notes = Notes()
    given = tool("A", description="d", type="custom", strict=True, input_examples=[1], cache_control={})
    assert adapt_tools([given], [], notes) == [{"name": "A", "description": "d", "input_schema": SCHEMA}]
    assert notes.all() == ("tool fields removed: input_examples, strict",)


def test_tools_of_anthropics_go() -> None:
    found, notes = names([tool("A"), {"type": "web_search_20250305", "name": "web_search"}])
    assert found == ["A"]
    assert notes.all() == ("tool web_search removed: only Anthropic carries it out",)


def test_deferred_tools_wait_until_they_are_found() -> None:
    listed = [tool("A"), tool("Found", defer_loading=True), tool("Called", defer_loading=True)]
    listed.append(tool("Hidden", defer_loading=True))
    reference = [{"type": "tool_reference", "tool_name": "Found"}]
    messages = [
        *used({"type": "tool_use", "name": "Called"}),
        {"role": "user", "content": [{"type": "tool_result", "content": reference}]},
    ]
    assert names(listed)[0] == ["A"]
    assert names(listed, messages)[0] == ["A", "Found", "Called"]


def test_not_too_many() -> None:
    listed = [tool(f"t{number}") for number in range(MOST_TOOLS + 10)]
    found, notes = names(listed, used({"type": "tool_use", "name": f"t{MOST_TOOLS + 5}"}))
    assert len(found) == MOST_TOOLS
    assert found[-1] == f"t{MOST_TOOLS + 5}"
    assert notes.all()


@pytest.mark.parametrize("tools", [None, "x", [None, 3]])
def test_strange_shapes(tools: Any) -> None:
    assert adapt_tools(tools, [None, {"content": "x"}, {"content": [None]}], Notes()) == []


def test_choice() -> None:
    tools = [tool("A")]
    assert adapt_tool_choice({"type": "any"}, tools) == {"type": "any"}
    assert adapt_tool_choice({"type": "tool", "name": "A"}, tools) == {"type": "tool", "name": "A"}
    assert adapt_tool_choice({"type": "tool", "name": "gone"}, tools) == {"type": "auto"}
    assert adapt_tool_choice({"type": "any"}, []) is None
    assert adapt_tool_choice(None, tools) is None


def test_references_at_any_depth() -> None:
    inner = {"type": "tool_reference", "tool_name": "A"}
    assert references([{"type": "tool_search_tool_search_result", "tool_references": [inner]}]) == ["A"]
    assert references("text") == []
