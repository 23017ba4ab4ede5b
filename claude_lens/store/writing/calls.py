"""Which tools an exchange used: those its answer calls, and those whose results its request brings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from claude_lens import exact
from claude_lens.exchange import Exchange
from claude_lens.messages.calls import UNKNOWN, Call, Result, brought, calls, of_server
from claude_lens.messages.foreign import answer, conversation
from claude_lens.store.rows import text as clean
from claude_lens.wire.dialect import dialect_of


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
    told = exchange.response.json if exchange.response else None
    response = answer(told) or told
    for call in calls(response):
        found.setdefault(_name(call), Calls()).calls += 1
    for result in of_server(response):
        # What the provider carries out itself comes back within the answer.
        _add(found.setdefault(_name(result[0]), Calls()), result[1])
    if results:
        _results(exchange, found)
    return found


def _results(exchange: Exchange, found: dict[str, Calls]) -> None:
    durations: dict[str, list[int]] = {}
    for name, milliseconds in exchange.identity.tool_durations_ms:
        durations.setdefault(name, []).append(milliseconds)
    sent = conversation(exchange.request.json, dialect_of(exchange.endpoint))
    for call, result in brought(sent):
        name = _name(call)
        one = found.setdefault(name, Calls())
        _add(one, result)
        if durations.get(name):
            one.durations.append(durations[name].pop(0))


def _add(used: Calls, result: Result) -> None:
    used.results += 1
    used.errors += result.is_error
    used.bytes += _size(result.content)


def _size(value: Any) -> int:
    try:
        return len(exact.dump(value))
    except RecursionError:
        return 0


def _name(call: Call | None) -> str:
    return (clean(call.name) if call else None) or UNKNOWN
