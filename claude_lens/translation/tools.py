"""Tools: what another provider can be offered of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from claude_lens.translation.notes import Notes

Tool = Mapping[str, Any]
MOST_TOOLS = 128
KEPT = ("name", "description", "input_schema")


def adapt_tools(tools: object, messages: Sequence[Any], notes: Notes) -> list[dict[str, Any]]:
    """The client's own tools, bare of what only Anthropic understands.

    Tools that Anthropic itself carries out go. A deferred tool is offered in full once the tool search has
    found it, which a ``tool_reference`` in the conversation (or a call of it) shows; until then it is not.
    """
    listed = [tool for tool in (tools if isinstance(tools, list) else []) if isinstance(tool, Mapping)]
    found, called = _named(messages)
    kept: list[dict[str, Any]] = []
    for tool in listed:
        name = str(tool.get("name") or "")
        if tool.get("type") not in (None, "custom"):
            notes.add(f"tool {name or tool['type']} removed: only Anthropic carries it out")
        elif tool.get("defer_loading") and name not in found | called:
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


def _named(messages: Sequence[Any]) -> tuple[set[str], set[str]]:
    """Names of the tools that a search has found, and of those that were called."""
    found: set[str] = set()
    called: set[str] = set()
    for message in messages:
        content = message.get("content") if isinstance(message, Mapping) else None
        for block in content if isinstance(content, list) else ():
            if not isinstance(block, Mapping):
                continue
            if block.get("type") == "tool_use":
                called.add(str(block.get("name")))
            found |= set(references(block.get("content")))
    return found, called


def references(content: object) -> list[str]:
    """Names in the ``tool_reference`` blocks of a tool's result, wherever they are nested."""
    if isinstance(content, Mapping):
        if content.get("type") == "tool_reference":
            return [str(content.get("tool_name"))]
        return references(content.get("tool_references") or content.get("content"))
    return [name for item in content for name in references(item)] if isinstance(content, list) else []
