"""Tool calls and their results: the client's own, the provider's, those of MCP servers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from claude_lens.messages.blocks import (
    CALLED,
    CALLED_BY_MCP,
    CALLED_BY_SERVER,
    Json,
    blocks,
    kind,
    last_answer,
    listed,
    messages,
    new_messages,
    role,
    text_of,
)

Carrier = Literal["client", "server", "mcp"]

UNKNOWN: Final = "unknown"
"""The name of a tool that its call does not tell."""
_CARRIERS: Final[dict[str, Carrier]] = {CALLED: "client", CALLED_BY_SERVER: "server", CALLED_BY_MCP: "mcp"}


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call of the model. ``carrier`` carries it out: the client, the provider, or one of its MCP
    servers. ``id`` is empty where the block has none, ``block`` is the block itself."""

    id: str
    name: str
    input: Any
    carrier: Carrier
    block: Json


@dataclass(frozen=True, slots=True)
class Result:
    """What came back for the call ``call_id``; ``text`` are the words of its content."""

    call_id: str
    is_error: bool
    content: Any
    block: Json

    @property
    def text(self) -> str:
        """The words of the content, other blocks by their type."""
        return text_of(self.content)


def call(block: object) -> Call | None:
    """The call that a block is; None where it is none."""
    if not isinstance(block, Mapping) or kind(block) != "call":
        return None
    name, ident = block.get("name"), block.get("id")
    return Call(
        id=ident if isinstance(ident, str) else "",
        name=name if isinstance(name, str) and name else UNKNOWN,
        input=block.get("input"),
        carrier=_CARRIERS[block["type"]],
        block=block,
    )


def result(block: object) -> Result | None:
    """The result that a block is; None where it is none."""
    if not isinstance(block, Mapping) or kind(block) != "result":
        return None
    content, ident = block.get("content"), block.get("tool_use_id")
    told = content.get("type") if isinstance(content, Mapping) else None
    # The provider's own tools say so in the content: ``web_search_tool_result_error``.
    failed = block.get("is_error") is True or (isinstance(told, str) and told.endswith("_error"))
    return Result(ident if isinstance(ident, str) else "", failed, content, block)


def calls(message: object) -> list[Call]:
    """Every call in a message, in order, whoever carries it out."""
    return [found for block in blocks(message) if (found := call(block)) is not None]


def client_calls(message: object) -> list[Call]:
    """The calls whose results the client must bring: an answer that has some is not the last of its turn."""
    return [one for one in calls(message) if one.carrier == "client" and one.id]


def results(conversation: Iterable[object]) -> list[Result]:
    """Every result in these messages, in order."""
    return [
        found for message in conversation for block in blocks(message) if (found := result(block)) is not None
    ]


def brought(conversation: Sequence[Json]) -> list[tuple[Call | None, Result]]:
    """The results after the last answer, which this request is the first to bring, each with its call.

    The call is None where the last answer has none of that id.
    """
    answer = last_answer(conversation)
    if answer is None:
        return []
    made = {one.id: one for one in calls(answer)}
    return [(made.get(one.call_id), one) for one in results(new_messages(conversation))]


def of_server(message: object) -> list[tuple[Call, Result]]:
    """The calls that an answer itself brings the results of: the provider, or a server of its, ran them."""
    made = by_id([message])
    return [(made[one.call_id], one) for one in results([message]) if one.call_id in made]


def by_id(conversation: Iterable[object]) -> dict[str, Call]:
    """Every call in these messages by its id."""
    return {one.id: one for message in conversation for one in calls(message)}


def finished(conversation: Iterable[Json]) -> int:
    """How many answers in a conversation ask the client for nothing: as often its agent had finished."""
    return sum(role(message) == "assistant" and not client_calls(message) for message in conversation)


def is_loaded(tool: Json, found: frozenset[str]) -> bool:
    """Whether a tool's definition is in the model's context: a deferred one only once it was found."""
    name = tool.get("name")
    return not tool.get("defer_loading") or (isinstance(name, str) and name in found)


def found_tools(conversation: Iterable[object]) -> frozenset[str]:
    """Names of deferred tools that are loaded: a search's result referred to them, or they were called."""
    names: set[str] = set()
    for message in conversation:
        for block in blocks(message):
            made = call(block)
            if made is not None:
                names.add(made.name)
            names |= set(references(block.get("content")))
    return frozenset(names)


def tools(body: Json | None) -> list[Json]:
    """The tools that a request offers, deferred ones among them."""
    return listed(body.get("tools")) if body else []


def loaded_tools(body: Json | None) -> list[Json]:
    """The tools whose definitions the model reads."""
    found = found_tools(messages(body))
    return [tool for tool in tools(body) if is_loaded(tool, found)]


def references(content: object, depth: int = 0) -> list[str]:
    """Names in the ``tool_reference`` blocks of a tool's result, wherever they are nested."""
    if depth > 8:
        return []
    if isinstance(content, Mapping):
        if content.get("type") == "tool_reference":
            return [str(content.get("tool_name"))]
        return references(content.get("tool_references") or content.get("content"), depth + 1)
    inner = content if isinstance(content, list) else []
    return [name for item in inner for name in references(item, depth + 1)]
