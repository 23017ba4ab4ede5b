"""Tool spans: what ran between two requests of an agent, from the results that the second one carries.

Durations are the client's own (``x-claude-code-prev-tool-durations``): they come in the order of the results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from claude_lens.exchange import Exchange
from claude_lens.messages import blocks
from claude_lens.messages.blocks import CALLED
from claude_lens.messages.calls import Call, Result, brought, client_calls, of_server
from claude_lens.messages.written import without_insertions
from claude_lens.tracing import names
from claude_lens.tracing.bounds import Collector
from claude_lens.tracing.identity import Node, common
from claude_lens.tracing.media import without_data
from claude_lens.tracing.spans import Event, Span, nanoseconds

NO_RESULT = "no result came back"


@dataclass(frozen=True, slots=True)
class Ran:
    """A tool call and how it went. Times in seconds; ``result`` is None where none came back."""

    use: Call
    result: Result | None
    start: float
    end: float


def ran(exchange: Exchange, *, earliest: float | None = None) -> list[Ran]:
    """The tools whose results this request is the first to carry, in the order of the results.

    The longest one ends when the request arrives, and all start together. Where the client told no duration,
    a tool is taken to have run from ``earliest`` (the end of the answer that called it) to the arrival.
    """
    results = [
        (call, result)
        for call, result in brought(blocks.messages(exchange.request.json))
        if call is not None and call.carrier == "client"
    ]
    told = _durations(exchange, [call.name for call, _ in results])
    arrival = exchange.started_at
    longest = max((ms for ms in told if ms is not None), default=None)
    begin = arrival - longest / 1000 if longest is not None else min(earliest or arrival, arrival)
    return [
        Ran(call, result, begin, begin + ms / 1000 if ms is not None else arrival)
        for (call, result), ms in zip(results, told, strict=True)
    ]


def ran_by_server(exchange: Exchange) -> list[Ran]:
    """The tools that the provider ran, or had a server of its run, while it answered.

    How long each took it does not tell: all are taken to have run from the first byte to the end.
    """
    answer = exchange.response.json if exchange.response else None
    begin = exchange.started_at + (exchange.ttft_ms or exchange.ttfb_ms or 0.0) / 1000
    end = max(begin, exchange.started_at + (exchange.duration_ms or 0.0) / 1000)
    return [Ran(call, result, begin, end) for call, result in of_server(answer) if call.id]


def _durations(exchange: Exchange, called: Sequence[str]) -> list[int | None]:
    """Milliseconds for each of the tools ``called``; the client tells at most 32, and leaves some out."""
    told = list(exchange.identity.tool_durations_ms)
    found: list[int | None] = []
    for name in called:
        index = next((i for i, (other, _) in enumerate(told) if other == name), None)
        found.append(told.pop(index)[1] if index is not None else None)
    return found


def unfinished(answer: Any, ended: float, now: float) -> list[Ran]:
    """The tool calls of an answer whose results never came."""
    return [Ran(use, None, ended, max(now, ended)) for use in client_calls(answer)]


def tool_span(exchange: Exchange, one: Ran, node: Node, out: Collector) -> Span:
    """The span of one tool call, under its agent's. ``input.value`` is the call as the model wrote it."""
    use, result = one.use, one.result
    end = nanoseconds(one.end)
    message = None
    if result is None:
        message = NO_RESULT
    elif result.is_error:
        message = out.words("output", (result.text.strip().splitlines() or ["the tool failed"])[0][:500])
    out.add(names.KIND, names.TOOL)
    out.add(names.TOOL_NAME, use.name)
    common(exchange, replace(node, graph=f"{node.graph}:{use.name}", graph_parent=node.graph), out)
    out.add(names.GEN_AI_OPERATION, names.EXECUTE_TOOL)
    out.add(names.GEN_AI_TOOL_NAME, use.name)
    out.add(names.GEN_AI_TOOL_CALL_ID, use.id)
    out.json(names.INPUT_VALUE, {"type": CALLED, "name": use.name, "input": use.input})
    out.add(names.INPUT_MIME, names.JSON)
    out.json(names.TOOL_PARAMETERS, use.input)
    output = without_data(without_insertions(result.text)) if result is not None else ""
    out.add(names.OUTPUT_VALUE, output)
    out.add(names.OUTPUT_MIME, names.TEXT if output else None)
    told = {names.EXCEPTION_TYPE: "tool_error", names.EXCEPTION_MESSAGE: message or ""}
    failed = result is None or result.is_error
    return Span(
        trace_id=node.trace_id,
        span_id=node.span_id,
        parent_id=node.parent_id,
        name=use.name,
        start_ns=nanoseconds(one.start),
        end_ns=end,
        attributes=out.done(),
        outcome="error" if failed else "ok",
        message=message if failed else None,
        events=(Event(name=names.EXCEPTION, at_ns=end, attributes=told),) if failed else (),
    )
