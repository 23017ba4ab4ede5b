"""One exchange as one LLM span: what was new in the request, the answer, tokens, cost, times."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from claude_lens.exchange import Exchange, Usage
from claude_lens.messages import blocks, calls, foreign, written
from claude_lens.messages.blocks import Json
from claude_lens.messages.helpers import AUXILIARY, COMPACTION
from claude_lens.tracing import media, names
from claude_lens.tracing.bounds import Collector
from claude_lens.tracing.fitting import dump
from claude_lens.tracing.identity import Node, common, metadata
from claude_lens.tracing.joined import counted_by_client
from claude_lens.tracing.spans import Attributes, Event, Outcome, Span, nanoseconds
from claude_lens.wire.dialect import dialect_of

_NOT_PARAMETERS: Final = frozenset({"messages", "input", "prompt", "contents", "system", "tools", "metadata"})
_SYSTEMS: Final = {"chat": "openai", "completions": "openai", "responses": "openai", "gemini": "vertexai"}
_CHAT_ROLES: Final = frozenset({"system", "user", "assistant", "tool", "developer"})
_REPLY: Final = ("role", "content")
_OUTPUT_PRICE: Final = "output_cost_per_token"
_SENTENCE: Final = {
    "cancelled": "the client closed the connection",
    "interrupted": "the proxy stopped before the answer ended",
    "refused": "a limit of the guard was reached",
}


def llm_span(exchange: Exchange, node: Node, collector: Collector, *, with_schemas: bool = False) -> Span:
    """The span of one exchange at its place. ``with_schemas`` adds the tools' full definitions."""
    ended = exchange.started_at + (exchange.duration_ms or 0.0) / 1000
    outcome, told = outcome_of(exchange)
    # A provider's error may quote what it was asked.
    message = collector.words("output", collector.words("input", told)) if told else None
    return Span(
        trace_id=node.trace_id,
        span_id=node.span_id,
        parent_id=node.parent_id,
        name=span_name(exchange),
        start_ns=nanoseconds(exchange.started_at),
        end_ns=nanoseconds(ended),
        attributes=_attributes(exchange, node, collector, with_schemas),
        outcome=outcome,
        message=message,
        events=_events(exchange, message, nanoseconds(ended)),
        client=True,
    )


def span_name(exchange: Exchange) -> str:
    """``chat MODEL``; calls that the client makes on its own account say what for."""
    return f"{span_operation(exchange)} {exchange.model.requested or exchange.model.routed or 'unknown'}"


def span_operation(exchange: Exchange) -> str:
    """What the request is for: ``chat``, or what the client asks on its own account."""
    what = exchange.identity.request_class
    return what if what in (COMPACTION, AUXILIARY) else names.CHAT


def outcome_of(exchange: Exchange) -> tuple[Outcome, str | None]:
    """The span status, with one line for anything but success."""
    if exchange.status == "ok":
        return "ok", None
    text = exchange.error or _SENTENCE.get(exchange.status) or exchange.status
    if exchange.status == "error":
        return "error", f"HTTP {exchange.http_status}: {text}" if (exchange.http_status or 0) >= 400 else text
    return "error", f"{exchange.status}: {text}"


def _events(exchange: Exchange, message: str | None, at_ns: int) -> tuple[Event, ...]:
    if message is None:
        return ()
    told = {names.EXCEPTION_TYPE: error_type(exchange) or "error", names.EXCEPTION_MESSAGE: message}
    return (Event(name=names.EXCEPTION, at_ns=at_ns, attributes=told),)


def error_type(exchange: Exchange) -> str | None:
    """The provider's name of an error, else the HTTP status or how the exchange ended; None if it is ok."""
    if exchange.status == "ok":
        return None
    told = exchange.response.json if exchange.response else None
    error = told.get("error") if told else None
    kind = error.get("type") if isinstance(error, Mapping) else None
    if isinstance(kind, str) and kind:
        return kind
    if exchange.status == "error" and (exchange.http_status or 0) >= 400:
        return str(exchange.http_status)
    return exchange.status


def _attributes(exchange: Exchange, node: Node, out: Collector, with_schemas: bool) -> Attributes:
    answer = exchange.response.json if exchange.response else None
    model = exchange.model
    responded = answer.get("model") if answer and isinstance(answer.get("model"), str) else None
    out.add(names.KIND, names.LLM)
    out.add(names.MODEL_NAME, responded or model.routed or model.requested)
    out.add(names.PROVIDER, model.provider)
    out.add(names.SYSTEM, _SYSTEMS.get(dialect_of(exchange.endpoint), "anthropic"))
    common(exchange, node, out)
    out.json(names.METADATA, metadata(exchange, out))
    out.add(names.FINISH_REASON, exchange.stop_reason)
    out.add(names.HTTP_STATUS, exchange.http_status)
    out.add(names.ERROR_TYPE, error_type(exchange))
    out.add(names.GEN_AI_OPERATION, names.CHAT)
    out.add(names.GEN_AI_PROVIDER, model.provider)
    out.add(names.GEN_AI_REQUEST_MODEL, model.requested)
    out.add(names.GEN_AI_RESPONSE_MODEL, responded)
    out.add(names.GEN_AI_RESPONSE_ID, answer.get("id") if answer and exchange.status == "ok" else None)
    out.add(names.GEN_AI_FINISH_REASONS, (exchange.stop_reason,) if exchange.stop_reason else None)
    out.add(names.GEN_AI_FIRST_CHUNK, exchange.ttft_ms / 1000 if exchange.ttft_ms is not None else None)
    if not counted_by_client(exchange):
        _tokens_and_cost(exchange, out)
    _content(exchange, answer, out, with_schemas)
    return out.done()


def _tokens_and_cost(exchange: Exchange, out: Collector) -> None:
    usage, cost = exchange.usage, exchange.cost
    if usage is not None:
        out.add(names.TOKENS_PROMPT, usage.prompt_tokens)
        out.add(names.TOKENS_COMPLETION, usage.output_tokens)
        out.add(names.TOKENS_TOTAL, usage.prompt_tokens + usage.output_tokens)
        out.add(names.TOKENS_CACHE_READ, usage.cache_read_input_tokens)
        out.add(names.TOKENS_CACHE_WRITE, usage.cache_creation_input_tokens)
        out.add(names.GEN_AI_INPUT_TOKENS, usage.prompt_tokens)
        out.add(names.GEN_AI_OUTPUT_TOKENS, usage.output_tokens)
        out.add(names.GEN_AI_CACHE_READ, usage.cache_read_input_tokens)
        out.add(names.GEN_AI_CACHE_WRITE, usage.cache_creation_input_tokens)
        out.json(names.LANGFUSE_USAGE, _langfuse_usage(usage))
    if cost.usd is not None:
        out.add(names.COST_TOTAL, cost.usd)
        out.add(names.GEN_AI_COST, cost.usd)
        out.json(names.LANGFUSE_COST, {"total": cost.usd})
        price = cost.prices.get(_OUTPUT_PRICE)
        if usage is not None and price is not None:
            completion = usage.output_tokens * price
            # Above a long-prompt tier the plain price is wrong: then only the sum is told.
            own = cost.usd - sum(part.usd or 0.0 for part in cost.parts)
            if completion <= own:
                out.add(names.COST_COMPLETION, completion)
                out.add(names.COST_PROMPT, own - completion)


def _langfuse_usage(usage: Usage) -> dict[str, int]:
    """Langfuse prices by these, and would take everything that was read for fresh without them."""
    return {
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "cache_read_input_tokens": usage.cache_read_input_tokens,
        "cache_creation_input_tokens": usage.cache_creation_input_tokens,
        "total": usage.prompt_tokens + usage.output_tokens,
    }


def _content(exchange: Exchange, answer: Json | None, out: Collector, with_schemas: bool) -> None:
    body = exchange.request.json or {}
    conversation = foreign.conversation(body, dialect_of(exchange.endpoint))
    whole = exchange.identity.context_compacted is not None
    new = conversation if whole else blocks.new_messages(conversation)
    reply = _reply(answer)
    said = [_said(message, exchange) for message in new]
    out.json(names.INPUT_VALUE, {"messages": [message for message in said if message["content"]]})
    out.add(names.INPUT_MIME, names.JSON)
    _output(reply, out)
    out.json(names.PARAMETERS, {name: value for name, value in body.items() if name not in _NOT_PARAMETERS})
    _tools(body.get("tools"), out, with_schemas)
    if reply:
        _add_messages(names.OUTPUT_MESSAGES, [reply], out)
    system = blocks.text_of(body.get("system"))
    head = [{"role": "system", "content": system}] if system else []
    _add_messages(names.INPUT_MESSAGES, [*head, *new], out)


def _reply(answer: Json | None) -> Json | None:
    if answer and blocks.role(answer) == "assistant":
        return answer
    return foreign.answer(answer)


def _output(reply: Json | None, out: Collector) -> None:
    if not reply:
        return
    if calls.calls(reply):
        out.json(names.OUTPUT_VALUE, {key: reply.get(key) for key in _REPLY if reply.get(key)})
        out.add(names.OUTPUT_MIME, names.JSON)
    elif text := blocks.answer_text(reply):
        out.add(names.OUTPUT_VALUE, text)
        out.add(names.OUTPUT_MIME, names.TEXT)


def _said(message: Json, exchange: Exchange) -> Json:
    """A new message as far as it is somebody's words or a result, without what the client puts in by itself.

    The client's texts (environment, reminders, lists of tools) would drown what is looked for. A request that
    the client makes on its own account has nobody else's.
    """
    role = message.get("role")
    told = [{k: v for k, v in block.items() if k != "cache_control"} for block in blocks.blocks(message)]
    if role in ("system", "developer"):
        told = []
    elif role == "user" and span_operation(exchange) == names.CHAT:
        words = written.beginning(message)
        told = [block for block in told if blocks.text(block) is None]
        told += [blocks.text_block(words)] if words else []
    return {"role": role, "content": told}


def _tools(tools: Any, out: Collector, with_schemas: bool) -> None:
    offered = [tool for tool in tools if isinstance(tool, Mapping)] if isinstance(tools, list) else []
    if not offered:
        return
    titles = {str(tool.get("name") or (tool.get("function") or {}).get("name")) for tool in offered}
    out.add(names.TOOLS_OFFERED, tuple(sorted(titles)))
    out.add(names.TOOLS_DIGEST, hashlib.sha256(_bytes(tools)).hexdigest()[:16])
    if with_schemas:
        for index, tool in enumerate(offered):
            out.json(f"{names.LLM_TOOLS}.{index}.{names.TOOL_SCHEMA}", tool)


def _bytes(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except (TypeError, ValueError):
        return dump(value).encode("utf-8", "replace")


def _add_messages(prefix: str, messages: Sequence[Json], out: Collector) -> None:
    index = 0
    for message in messages:
        for flat in _flat(message):
            for name, value in flat.items():
                out.add(f"{prefix}.{index}.{name}", value)
            index += 1


def _flat(message: Json) -> list[Attributes]:
    """A message in OpenInference's form: a tool result is a message of its own there, with role ``tool``."""
    role = str(message.get("role"))
    whole: Attributes = {names.ROLE: role if role in _CHAT_ROLES else "user"}
    flat: list[Attributes] = []
    parts: list[tuple[str, str]] = []
    for block in blocks.blocks(message):
        if (result := calls.result(block)) is not None:
            told = {names.ANSWERED_CALL: result.call_id, names.CONTENT: result.text}
            flat.append({names.ROLE: "tool", **told})
        elif calls.call(block) is None:
            parts.append(_part(block))
    if len(parts) == 1 and parts[0][0] == "text":
        whole[names.CONTENT] = parts[0][1]
    elif parts:
        for index, (kind, text) in enumerate(parts):
            whole[f"{names.CONTENTS}.{index}.{names.PART_TYPE}"] = kind
            whole[f"{names.CONTENTS}.{index}.{names.PART_TEXT}"] = text
    made = calls.calls(message)
    for index, one in enumerate(made):
        start = f"{names.TOOL_CALLS}.{index}."
        whole[start + names.CALL_ID] = one.id
        whole[start + names.CALL_NAME] = one.name
        whole[start + names.CALL_ARGUMENTS] = dump(one.input)
    return [*flat, whole] if parts or made or not flat else flat


def _part(block: Json) -> tuple[str, str]:
    """Type and text of a block; media are named, not sent."""
    if (words := blocks.text(block)) is not None:
        return "text", words
    if (thought := blocks.thought(block)) is not None:
        return "reasoning", thought
    return "text", media.label(block) or f"[{block.get('type')}]"
