"""The parts of a message: Anthropic's blocks, read so that nothing raises on odd JSON.

A message is an object with ``role`` and ``content``, which is a string or a list of blocks; a string counts
as one text block. What is no message, and no block, is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from claude_lens.messages.objects import Objects

Json = Mapping[str, Any]
Kind = Literal["text", "thinking", "call", "result", "image", "document", "other"]

TEXT: Final = "text"
CALLED: Final = "tool_use"
"""The block type of a call that the client carries out, and why an answer ends that has one."""
ANSWERED: Final = "tool_result"
"""The block type of what came back for such a call."""
CALLED_BY_SERVER: Final = "server_tool_use"
CALLED_BY_MCP: Final = "mcp_tool_use"
CALL_TYPES: Final = frozenset({CALLED, CALLED_BY_SERVER, CALLED_BY_MCP})
THINKING_TYPES: Final = frozenset({"thinking", "redacted_thinking"})
_PLAIN: Final[dict[str, Kind]] = {"text": "text", "image": "image", "document": "document"}


def messages(body: Json | None) -> list[Json]:
    """The messages of a request's body, without what is none."""
    return listed(body.get("messages")) if isinstance(body, Mapping) else []


def listed(values: object) -> list[Json]:
    """The objects in a list; none where it is no list."""
    if type(values) is Objects:
        return values
    return [value for value in values if _is_object(value)] if isinstance(values, list) else []


def _is_object(value: object) -> bool:
    # Asking an abstract class takes ten times as long, and each message is asked for.
    return type(value) is dict or isinstance(value, Mapping)


def blocks(message: object) -> list[Json]:
    """A message's blocks; a string counts as one text block."""
    return content_blocks(message.get("content")) if isinstance(message, Mapping) else []


def content_blocks(content: object) -> list[Json]:
    """The blocks of a content field, which is a string or a list of blocks."""
    return [text_block(content)] if isinstance(content, str) else listed(content)


def kind(block: object) -> Kind:
    """What a block is. Results of the provider's tools (``web_search_tool_result``) are results too."""
    told = block.get("type") if isinstance(block, Mapping) else None
    if not isinstance(told, str):
        return "other"
    if told in CALL_TYPES:
        return "call"
    if told.endswith(ANSWERED):
        return "result"
    return "thinking" if told in THINKING_TYPES else _PLAIN.get(told, "other")


def role(message: object) -> str:
    """Whose message it is: ``user``, ``assistant``, ``system``; empty where it does not say."""
    told = message.get("role") if isinstance(message, Mapping) else None
    return told if isinstance(told, str) else ""


def text(block: object) -> str | None:
    """The words of a text block; None for any other."""
    words = block.get("text") if isinstance(block, Mapping) and block.get("type") == TEXT else None
    return words if isinstance(words, str) else None


def text_block(words: str) -> dict[str, Any]:
    """A block of these words."""
    return {"type": TEXT, "text": words}


def thought(block: object) -> str | None:
    """What a thinking block says; None for any other, and for one that only its provider can read."""
    said = block.get("thinking") if isinstance(block, Mapping) and block.get("type") == "thinking" else None
    return said if isinstance(said, str) else None


def signature(block: Json) -> str:
    """What a thought's maker signed it with; of one that only its provider can read, the thought itself."""
    return str(block.get("data" if block.get("type") == "redacted_thinking" else "signature") or "")


def texts(content: object) -> list[str]:
    """The texts of a content field, which is a string or a list of blocks."""
    if isinstance(content, str):
        return [content]
    return [words for words in map(text, listed(content)) if words is not None]


def text_of(content: object) -> str:
    """The words of a content field: texts joined by newlines, other blocks by their type."""
    if isinstance(content, str):
        return content
    parts = (words if (words := text(one)) is not None else f"[{one.get('type')}]" for one in listed(content))
    return "\n".join(parts)


def answer_text(message: object) -> str:
    """The words of an answer, without thoughts and tool calls."""
    return "\n".join(texts(message.get("content"))) if isinstance(message, Mapping) else ""


def new_messages(conversation: Sequence[Json]) -> Sequence[Json]:
    """The messages after the last answer: what this request adds to the one before."""
    for index in range(len(conversation) - 1, -1, -1):
        if role(conversation[index]) == "assistant":
            return conversation[index + 1 :]
    return conversation


def last_answer(conversation: Iterable[Json]) -> Json | None:
    """The newest message of the model in a request."""
    return next((one for one in reversed(list(conversation)) if role(one) == "assistant"), None)


def system_texts(body: Json | None) -> list[str]:
    """The texts of the system prompt, in their order."""
    return texts(body.get("system")) if isinstance(body, Mapping) else []
