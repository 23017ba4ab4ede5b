"""Which tools an exchange used: those its answer calls, and those whose results its request brings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from claude_lens import exact
from claude_lens.exchange import Exchange
from claude_lens.store.rows import text as clean

_USES = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})


@dataclass(slots=True)
class Calls:
    """One tool in one exchange; ``bytes`` of its results as JSON, ``durations`` in milliseconds."""

    calls: int = 0
    results: int = 0
    errors: int = 0
    bytes: int = 0
    durations: list[float] = field(default_factory=list)


def calls_of(exchange: Exchange, *, results: bool = True) -> dict[str, Calls]:
    """Tools by name. ``results`` False leaves out what the request brings: another brought it before."""
    found: dict[str, Calls] = {}
    response = exchange.response.json if exchange.response else None
    for block in _blocks((response or {}).get("content")):
        if _is_use(block):
            found.setdefault(_name(block), Calls()).calls += 1
    if results:
        _results(exchange, found)
    return found


def _results(exchange: Exchange, found: dict[str, Calls]) -> None:
    durations: dict[str, list[int]] = {}
    for name, milliseconds in exchange.identity.tool_durations_ms:
        durations.setdefault(name, []).append(milliseconds)
    for name, block in new_results(exchange.request.json):
        one = found.setdefault(name, Calls())
        one.results += 1
        one.errors += block.get("is_error") is True
        one.bytes += _size(block.get("content"))
        if durations.get(name):
            one.durations.append(durations[name].pop(0))


def new_results(body: Mapping[str, Any] | None) -> list[tuple[str, Mapping[str, Any]]]:
    """The tool results after the last answer in a request's messages, each with its tool's name."""
    messages = (body or {}).get("messages")
    if not isinstance(messages, list):
        return []
    found: list[Mapping[str, Any]] = []
    for message in reversed(messages):
        if not isinstance(message, dict):
            continue
        blocks = list(_blocks(message.get("content")))
        if message.get("role") == "assistant":
            names = {str(block.get("id")): _name(block) for block in blocks if _is_use(block)}
            return [(names.get(str(block.get("tool_use_id")), "unknown"), block) for block in reversed(found)]
        found += [block for block in reversed(blocks) if block.get("type") == "tool_result"]
    return []


def _blocks(value: Any) -> Iterator[Mapping[str, Any]]:
    yield from (block for block in (value if isinstance(value, list) else ()) if isinstance(block, dict))


def _is_use(block: Mapping[str, Any]) -> bool:
    # Anyone may send anything: a list is no member of a set, and cannot be asked for.
    kind = block.get("type")
    return isinstance(kind, str) and kind in _USES


def _size(value: Any) -> int:
    try:
        return len(exact.dump(value))
    except RecursionError:
        return 0


def _name(block: Mapping[str, Any]) -> str:
    name = block.get("name")
    return (clean(name) if isinstance(name, str) else None) or "unknown"
