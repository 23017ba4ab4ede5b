"""Tools: what another provider can be offered of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from claude_lens.messages.calls import calls, found_tools, is_loaded
from claude_lens.translation.notes import Notes
from claude_lens.translation.searching import is_search_tool

Tool = Mapping[str, Any]
MOST_TOOLS = 128
KEPT = ("name", "description", "input_schema")


def adapt_tools(
    tools: object, messages: Sequence[Any], notes: Notes, *, search: bool = False
) -> list[dict[str, Any]]:
    """The client's own tools, bare of what only Anthropic understands.

    Tools that Anthropic itself carries out go, but for a web search that the provider can make. A deferred
    tool is offered in full once the tool search has found it, which a ``tool_reference`` in the conversation
    (or a call of it) shows; until then it is not.
    """
    listed = [tool for tool in (tools if isinstance(tools, list) else []) if isinstance(tool, Mapping)]
    found, called = found_tools(messages), _called(messages)
    kept: list[dict[str, Any]] = []
    for tool in listed:
        name = str(tool.get("name") or "")
        if search and is_search_tool(tool):
            kept.append({"type": tool["type"], "name": name})
        elif tool.get("type") not in (None, "custom"):
            notes.add(f"tool {name or tool['type']} removed: only Anthropic carries it out")
        elif not is_loaded(tool, found):
            notes.add("deferred tools left out until they are found")
        else:
            if extra := sorted(set(tool) - {*KEPT, "type", "cache_control"}):
                notes.add(f"tool fields removed: {', '.join(extra)}")
            kept.append({key: tool[key] for key in KEPT if tool.get(key) is not None})
    return _fewest(kept, called, notes)


def adapt_tool_choice(choice: object, tools: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The choice, None where the tools that it is about are gone."""
    if not isinstance(choice, Mapping) or not tools:
        return None
    if choice.get("type") == "tool" and choice.get("name") not in {tool.get("name") for tool in tools}:
        return {"type": "auto"}
    return dict(choice)


def _fewest(tools: list[dict[str, Any]], called: set[str], notes: Notes) -> list[dict[str, Any]]:
    if len(tools) <= MOST_TOOLS:
        return tools
    notes.add(f"tools beyond {MOST_TOOLS} left out")
    # Those already called go first: a conversation must not name a tool that is not offered.
    ranked = sorted(range(len(tools)), key=lambda index: (tools[index].get("name") not in called, index))
    return [tools[index] for index in sorted(ranked[:MOST_TOOLS])]


def _called(messages: Sequence[Any]) -> set[str]:
    """Names of the tools that were called."""
    return {call.name for message in messages for call in calls(message) if call.carrier == "client"}
