"""Tool spans: what ran between two requests of an agent, from the results that the second one carries.

Durations are the client's own (``x-claude-code-prev-tool-durations``): they come in the order of the results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from claude_lens.exchange import Exchange
from claude_lens.tracing import content, names
from claude_lens.tracing.bounds import Collector, trimmed
from claude_lens.tracing.content import ToolResult, ToolUse
from claude_lens.tracing.identity import Node, common
from claude_lens.tracing.spans import Event, Span, nanoseconds

NO_RESULT = "no result came back"


@dataclass(frozen=True, slots=True)
class Ran:
    """A tool call and how it went. Times in seconds; ``result`` is None where none came back."""

    use: ToolUse
    result: ToolResult | None
    start: float
    end: float


def ran(exchange: Exchange, *, earliest: float | None = None) -> list[Ran]:
    """The tools whose results this request is the first to carry, in the order of the results.

    The longest one ends when the request arrives, and all start together. Where the client told no duration,
    a tool is taken to have run from ``earliest`` (the end of the answer that called it) to the arrival.
    """
    conversation = content.messages(exchange.request.json)
    uses = {use.id: use for use in content.tool_uses(content.last_answer(conversation))}
    results = [r for r in content.tool_results(content.new_messages(conversation)) if r.id in uses]
    told = _durations(exchange, [uses[result.id].name for result in results])
    arrival = exchange.started_at
    longest = max((ms for ms in told if ms is not None), default=None)
    begin = arrival - longest / 1000 if longest is not None else min(earliest or arrival, arrival)
    return [
        Ran(uses[result.id], result, begin, begin + ms / 1000 if ms is not None else arrival)
        for result, ms in zip(results, told, strict=True)
    ]


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
    return [Ran(use, None, ended, max(now, ended)) for use in content.tool_uses(answer)]


def tool_span(exchange: Exchange, one: Ran, node: Node, out: Collector) -> Span:
    """The span of one tool call, under its agent's. ``input.value`` is the call as the model wrote it."""
    use, result = one.use, one.result
    end = nanoseconds(one.end)
    message = None
    if result is None:
        message = NO_RESULT
    elif result.is_error:
        message = (result.text.strip().splitlines() or ["the tool failed"])[0][:500]
    out.add(names.KIND, names.TOOL)
    out.add(names.TOOL_NAME, use.name)
    common(exchange, replace(node, graph=f"{node.graph}:{use.name}", graph_parent=node.graph), out)
    out.add(names.GEN_AI_OPERATION, names.EXECUTE_TOOL)
    out.add(names.GEN_AI_TOOL_NAME, use.name)
    out.add(names.GEN_AI_TOOL_CALL_ID, use.id)
    arguments = trimmed(use.input)
    out.json(names.INPUT_VALUE, {"type": "tool_use", "name": use.name, "input": arguments})
    out.add(names.INPUT_MIME, names.JSON)
    out.json(names.TOOL_PARAMETERS, arguments)
    output = content.without_reminders(result.text) if result is not None else ""
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
