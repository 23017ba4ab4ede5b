"""What fills a request's context window, in estimated tokens that add up to the provider's own count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypedDict

from claude_lens import exact
from claude_lens.messages.blocks import kind as kind_of
from claude_lens.messages.blocks import text
from claude_lens.messages.calls import UNKNOWN, call, loaded_tools, result
from claude_lens.messages.written import is_inserted

Kind = Literal[
    "system",
    "tool",
    "mcp tool",
    "user",
    "reminder",
    "assistant",
    "thinking",
    "tool call",
    "tool result",
    "image",
]

_IMAGE_TOKENS: Final = 1600
_BYTES_A_TOKEN: Final = 3.6
_PATHS: Final = ("file_path", "notebook_path", "path")


class Item(TypedDict):
    """A part of the context. ``name``: a tool, an MCP server, a role; ``file``: whose content a result is.

    ``bytes`` as JSON; ``tokens`` estimated, together exactly the provider's count where it told one.
    """

    kind: Kind
    name: str
    file: str | None
    count: int
    bytes: int
    tokens: int


class Context(TypedDict):
    """The whole window. ``counted`` says whether the sum is the provider's count, or only estimated too."""

    tokens: int
    counted: bool
    items: list[Item]
    servers: dict[str, int]


@dataclass(slots=True)
class _Weight:
    count: int = 0
    bytes: int = 0
    tokens: float = 0.0


def context(body: Mapping[str, Any], counted: int | None) -> Context:
    """Take a request body apart; ``counted`` is the provider's count of its prompt, None where unknown.

    Items of one kind, name and file are added up; the largest come first. ``servers`` sums each MCP server's
    tool definitions.
    """
    weights: dict[tuple[Kind, str, str | None], _Weight] = {}
    for kind, name, file, value in _pieces(body):
        size = len(exact.dump(value))
        weight = weights.setdefault((kind, name, file), _Weight())
        weight.count += 1
        weight.bytes += size
        weight.tokens += _tokens(kind, size)
    estimated = sum(weight.tokens for weight in weights.values())
    total = round(estimated) if counted is None else counted
    shares = shared_out([weight.tokens for weight in weights.values()], total)
    items: list[Item] = [
        {
            "kind": kind,
            "name": name,
            "file": file,
            "count": weight.count,
            "bytes": weight.bytes,
            "tokens": tokens,
        }
        for ((kind, name, file), weight), tokens in zip(weights.items(), shares, strict=True)
    ]
    items.sort(key=lambda item: (-item["tokens"], item["kind"], item["name"]))
    servers: dict[str, int] = {}
    for item in items:
        if item["kind"] == "mcp tool":
            server = mcp_server(item["name"]) or ""
            servers[server] = servers.get(server, 0) + item["tokens"]
    return {"tokens": total, "counted": counted is not None, "items": items, "servers": servers}


def estimated(message: Mapping[str, Any]) -> float:
    """Tokens of a message by its bytes alone."""
    return sum(_tokens(kind, len(exact.dump(value))) for kind, _, _, value in _message(message, {}))


def _tokens(kind: Kind, size: int) -> float:
    return _IMAGE_TOKENS if kind == "image" else size / _BYTES_A_TOKEN


def shared_out(weights: list[float], total: int) -> list[int]:
    """``total`` in whole parts proportional to ``weights``; the parts add up to it exactly."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    exact = [total * weight / whole for weight in weights]
    parts = [int(share) for share in exact]
    by_rest = sorted(range(len(parts)), key=lambda index: parts[index] - exact[index])
    for index in by_rest[: total - sum(parts)]:
        parts[index] += 1
    return parts


def mcp_server(tool: str) -> str | None:
    """The server of an MCP tool (``mcp__SERVER__TOOL``); None for other tools."""
    if not tool.startswith("mcp__"):
        return None
    return tool.removeprefix("mcp__").partition("__")[0]


def _pieces(body: Mapping[str, Any]) -> Iterator[tuple[Kind, str, str | None, Any]]:
    system = body.get("system")
    for index, block in enumerate(system if isinstance(system, list) else [system] if system else []):
        yield "system", f"block {index}", None, block
    # A deferred tool is in the context once it was found.
    for tool in loaded_tools(body):
        name = str(tool.get("name") or tool.get("type"))
        yield "mcp tool" if mcp_server(name) else "tool", name, None, tool
    calls: dict[str, tuple[str, str | None]] = {}
    messages = body.get("messages")
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, Mapping):
            yield from _message(message, calls)


def _message(
    message: Mapping[str, Any], calls: dict[str, tuple[str, str | None]]
) -> Iterator[tuple[Kind, str, str | None, Any]]:
    role = str(message.get("role") or "user")
    own: Kind = "assistant" if role == "assistant" else "system" if role == "system" else "user"
    blocks = message.get("content")
    for block in blocks if isinstance(blocks, list) else [blocks]:
        if not isinstance(block, Mapping):
            yield _text(own, role, str(block or "")), role, None, block
            continue
        what = kind_of(block)
        if (words := text(block)) is not None:
            yield _text(own, role, words), role, None, block
        elif what in ("thinking", "image"):
            yield ("thinking" if what == "thinking" else "image"), role, None, block
        elif (made := call(block)) is not None:
            calls[made.id] = (made.name, file_of(made.input))
            yield "tool call", made.name, None, block
        elif (told := result(block)) is not None:
            name, file = calls.get(told.call_id, (UNKNOWN, None))
            yield from _result(block, name, file)
        else:
            yield own, role, None, block


def _result(
    block: Mapping[str, Any], name: str, file: str | None
) -> Iterator[tuple[Kind, str, str | None, Any]]:
    inner = block.get("content")
    images = [one for one in inner if _is_image(one)] if isinstance(inner, list) else []
    for image in images:
        yield "image", name, file, image
    rest = [one for one in inner if not _is_image(one)] if isinstance(inner, list) else inner
    yield "tool result", name, file, {**block, "content": rest}


def _is_image(block: Any) -> bool:
    return kind_of(block) == "image"


def _text(own: Kind, role: str, words: str) -> Kind:
    return "reminder" if role == "user" and is_inserted(words) else own


def file_of(arguments: Any) -> str | None:
    """The file that a call's input names."""
    if not isinstance(arguments, Mapping):
        return None
    return next((str(arguments[name]) for name in _PATHS if isinstance(arguments.get(name), str)), None)
