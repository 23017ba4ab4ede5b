"""OpenAI's chat completions, streamed and not, from the same blocks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.upstream.anthropic import dump
from tests.upstream.blocks import FEW, Block, Tokens, block_id, cut
from tests.upstream.server import Answer, Pairs, Received


def answer(request: Received, blocks: Sequence[Block], tokens: Tokens = FEW) -> Answer:
    """A completion in the form asked for; thinking becomes ``reasoning_content``."""
    body = request.json or {}
    head: Pairs = (("x-request-id", f"req_{request.number:032d}"),)
    if not body.get("stream"):
        message = {"role": "assistant", **joined(request, blocks)}
        choice = {"index": 0, "message": message, "finish_reason": finish(blocks), "logprobs": None}
        whole = {**shell(request, "chat.completion"), "choices": [choice], "usage": tokens.openai()}
        return Answer(200, (("content-type", "application/json"), *head), (dump(whole),), "length")
    parts: list[dict[str, Any]] = [chunk(request, {"role": "assistant", "content": ""})]
    parts += [chunk(request, delta) for delta in deltas(request, blocks)]
    parts.append(chunk(request, {}, finish(blocks)))
    if (body.get("stream_options") or {}).get("include_usage"):
        parts.append({**shell(request, "chat.completion.chunk"), "choices": [], "usage": tokens.openai()})
    stream = [b"data: " + dump(part) + b"\n\n" for part in parts]
    return Answer(200, (("content-type", "text/event-stream"), *head), [*stream, b"data: [DONE]\n\n"])


def error(request: Received, status: int, message: str, headers: Pairs = ()) -> Answer:
    """An error body in OpenAI's form."""
    detail = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    head = (("content-type", "application/json"), ("x-request-id", f"req_{request.number:032d}"), *headers)
    return Answer(status, head, (dump({"error": detail}),), "length")


def joined(request: Received, blocks: Sequence[Block]) -> dict[str, Any]:
    """Content and tool calls of a complete message."""
    words = "".join(block.text for block in blocks if block.kind == "text")
    calls = [
        {"id": call_id(block, request), "type": "function", "function": function(block)}
        for block in blocks
        if block.kind == "tool_use"
    ]
    return {"content": words or None, **({"tool_calls": calls} if calls else {})}


def deltas(request: Received, blocks: Sequence[Block]) -> list[dict[str, Any]]:
    """The deltas of a stream; a tool call opens with id and name, its arguments follow in pieces."""
    out: list[dict[str, Any]] = []
    index = 0
    for block in blocks:
        if block.kind == "text":
            out += [{"content": part} for part in cut(block.text, block.pieces)]
        elif block.kind == "thinking":
            out += [{"reasoning_content": part} for part in cut(block.text, block.pieces)]
        elif block.kind == "tool_use":
            call = {"index": index, "id": call_id(block, request), "type": "function"}
            out.append({"tool_calls": [{**call, "function": {"name": block.name, "arguments": ""}}]})
            for part in cut(function(block)["arguments"], block.pieces):
                out.append({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
            index += 1
    return out


def function(block: Block) -> dict[str, str]:
    """Name and arguments of a call; the arguments are JSON in a string."""
    return {"name": block.name, "arguments": json.dumps(block.input)}


def call_id(block: Block, request: Received) -> str:
    """An id in OpenAI's form."""
    return block_id(block, request.number).replace("toolu_01", "call_")


def finish(blocks: Sequence[Block]) -> str:
    """Why the model stopped."""
    return "tool_calls" if any(block.kind == "tool_use" for block in blocks) else "stop"


def shell(request: Received, kind: str) -> dict[str, Any]:
    """The fields every completion object has."""
    model = (request.json or {}).get("model", "gpt-test")
    return {"id": f"chatcmpl-{request.number}", "object": kind, "created": 1700000000, "model": model}


def chunk(request: Received, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    """One chunk of a stream."""
    choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
    return {**shell(request, "chat.completion.chunk"), "choices": [choice]}
