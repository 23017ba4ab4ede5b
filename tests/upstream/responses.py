"""OpenAI's Responses API, streamed and not, from the same blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.upstream.anthropic import dump
from tests.upstream.blocks import FEW, Block, Tokens, cut
from tests.upstream.openai import call_id, function
from tests.upstream.server import Answer, Pairs, Received


def answer(request: Received, blocks: Sequence[Block], tokens: Tokens = FEW) -> Answer:
    """A response in the form asked for."""
    head: Pairs = (("x-request-id", f"req_{request.number:032d}"),)
    whole = {
        **shell(request),
        "status": "completed",
        "output": output(request, blocks),
        "usage": usage(tokens),
    }
    if not (request.json or {}).get("stream"):
        return Answer(200, (("content-type", "application/json"), *head), (dump(whole),), "length")
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**shell(request), "output": []}}
    ]
    for index, (block, item) in enumerate(zip(spoken(blocks), whole["output"], strict=True)):
        events += item_events(index, block, item)
    events.append({"type": "response.completed", "response": whole})
    stream = [
        b"event: "
        + event["type"].encode()
        + b"\ndata: "
        + dump({**event, "sequence_number": number})
        + b"\n\n"
        for number, event in enumerate(events)
    ]
    return Answer(200, (("content-type", "text/event-stream"), *head), stream)


def spoken(blocks: Sequence[Block]) -> list[Block]:
    """Blocks that become output items; thoughts stay with the provider."""
    return [block for block in blocks if block.kind in ("text", "tool_use")]


def output(request: Received, blocks: Sequence[Block]) -> list[dict[str, Any]]:
    """The output items."""
    return [item(request, index, block) for index, block in enumerate(spoken(blocks))]


def item(request: Received, index: int, block: Block) -> dict[str, Any]:
    """One finished output item."""
    if block.kind == "tool_use":
        identity = {"id": f"fc_{request.number}_{index}", "call_id": call_id(block, request)}
        return {"type": "function_call", **identity, **function(block), "status": "completed"}
    part = {"type": "output_text", "text": block.text, "annotations": []}
    return {
        "type": "message",
        "id": f"msg_{request.number}_{index}",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }


def item_events(index: int, block: Block, whole: dict[str, Any]) -> list[dict[str, Any]]:
    """The events that build one item."""
    where = {"output_index": index, "item_id": whole["id"]}
    empty: dict[str, Any] = {"arguments": ""} if block.kind == "tool_use" else {"content": []}
    added = {"type": "response.output_item.added", "output_index": index, "item": {**whole, **empty}}
    done = {"type": "response.output_item.done", "output_index": index, "item": whole}
    if block.kind == "tool_use":
        kind, pieces = "response.function_call_arguments", cut(whole["arguments"], block.pieces)
        last = {"type": f"{kind}.done", **where, "arguments": whole["arguments"]}
        return [added, *({"type": f"{kind}.delta", **where, "delta": piece} for piece in pieces), last, done]
    where["content_index"] = 0
    part = {"type": "response.content_part.added", **where, "part": {**whole["content"][0], "text": ""}}
    deltas = [
        {"type": "response.output_text.delta", **where, "delta": piece, "logprobs": []}
        for piece in cut(block.text, block.pieces)
    ]
    last = {"type": "response.output_text.done", **where, "text": block.text, "logprobs": []}
    return [added, part, *deltas, last, done]


def usage(tokens: Tokens) -> dict[str, Any]:
    """The usage object."""
    prompt = tokens.openai()["prompt_tokens"]
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": tokens.cache_read},
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": prompt + tokens.output,
    }


def shell(request: Received) -> dict[str, Any]:
    """The fields every response object has."""
    body = request.json or {}
    return {
        "id": f"resp_{request.number}",
        "object": "response",
        "created_at": 1700000000,
        "status": "in_progress",
        "model": body.get("model", "gpt-test"),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "output": [],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "temperature": 1.0,
        "top_p": 1.0,
    }
