"""Anthropic's Messages API, as a provider would answer it: events, messages, errors, token counts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.upstream.blocks import FEW, Block, Tokens, block_id, cut
from tests.upstream.server import Answer, Pairs, Received

Event = tuple[str, dict[str, Any]]

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    503: "api_error",
    529: "overloaded_error",
}

RATE_LIMITS: Pairs = (
    ("anthropic-ratelimit-requests-limit", "4000"),
    ("anthropic-ratelimit-requests-remaining", "3999"),
    ("anthropic-ratelimit-unified-status", "allowed"),
    ("anthropic-organization-id", "00000000-0000-4000-8000-000000000000"),
)


def answer(
    request: Received,
    blocks: Sequence[Block],
    tokens: Tokens = FEW,
    stop_reason: str | None = None,
    noise: bool = True,
) -> Answer:
    """A message in the form asked for: an event stream, one chunk per event, or one JSON object.

    ``noise`` adds the pings and comment lines that a real stream has between its events.
    """
    body = request.json or {}
    message = whole(request, blocks, tokens, stop_reason)
    headers = (("request-id", request_id(request)), *RATE_LIMITS)
    if not body.get("stream"):
        return Answer(200, (("content-type", "application/json"), *headers), (dump(message),), "length")
    chunks = [sse(*event) for event in events(message, blocks)]
    if noise:
        chunks[2:2] = [sse("ping", {"type": "ping"})]
        chunks[-2:-2] = [b": keep-alive\n\n"]
    content_type = ("content-type", "text/event-stream; charset=utf-8")
    return Answer(200, (content_type, ("cache-control", "no-cache"), *headers), chunks)


def error(
    request: Received, status: int, message: str, headers: Pairs = (), kind: str | None = None
) -> Answer:
    """An error body in Anthropic's form with its ``request-id``; ``headers`` are added."""
    detail = {"type": kind or ERROR_TYPES.get(status, "api_error"), "message": message}
    body = {"type": "error", "error": detail, "request_id": request_id(request)}
    head = (("content-type", "application/json"), ("request-id", request_id(request)), *RATE_LIMITS, *headers)
    return Answer(status, head, (dump(body),), "length")


def token_count(request: Received, tokens: int = 1234) -> Answer:
    """The answer of ``count_tokens``."""
    head = (("content-type", "application/json"), ("request-id", request_id(request)))
    return Answer(200, head, (dump({"input_tokens": tokens}),), "length")


def whole(
    request: Received, blocks: Sequence[Block], tokens: Tokens, stop_reason: str | None
) -> dict[str, Any]:
    """The complete message object."""
    content = [finished(block, request.number) for block in blocks]
    called = any(block.kind == "tool_use" for block in blocks)
    return {
        "model": (request.json or {}).get("model", "claude-sonnet-4-5"),
        "id": f"msg_01{request.number:022d}",
        "type": "message",
        "role": "assistant",
        "content": content,
        "stop_reason": stop_reason or ("tool_use" if called else "end_turn"),
        "stop_sequence": None,
        "usage": tokens.anthropic(),
    }


def finished(block: Block, number: int) -> dict[str, Any]:
    """A content block as it stands in a complete message."""
    if block.kind == "text":
        return {"type": "text", "text": block.text}
    if block.kind == "thinking":
        return {"type": "thinking", "thinking": block.text, "signature": block.signature}
    if block.kind == "redacted_thinking":
        return {"type": "redacted_thinking", "data": block.text}
    return {"type": "tool_use", "id": block_id(block, number), "name": block.name, "input": dict(block.input)}


def events(message: dict[str, Any], blocks: Sequence[Block]) -> list[Event]:
    """The stream of a message: start, every block in deltas, the final usage, stop."""
    begun = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    out: list[Event] = [("message_start", {"type": "message_start", "message": begun})]
    for index, (block, complete) in enumerate(zip(blocks, message["content"], strict=True)):
        start = {"type": "content_block_start", "index": index, "content_block": opening(complete)}
        out.append(("content_block_start", start))
        for delta in deltas(block):
            out.append(
                ("content_block_delta", {"type": "content_block_delta", "index": index, "delta": delta})
            )
        out.append(("content_block_stop", {"type": "content_block_stop", "index": index}))
    last = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    usage = {key: value for key, value in message["usage"].items() if key.endswith("_tokens")}
    out.append(("message_delta", {"type": "message_delta", "delta": last, "usage": usage}))
    out.append(("message_stop", {"type": "message_stop"}))
    return out


def opening(complete: dict[str, Any]) -> dict[str, Any]:
    """A block as ``content_block_start`` shows it: its growing parts still empty."""
    empty: dict[str, dict[str, Any]] = {
        "text": {"text": ""},
        "thinking": {"thinking": "", "signature": ""},
        "tool_use": {"input": {}},
    }
    return {**complete, **empty.get(complete["type"], {})}


def deltas(block: Block) -> list[dict[str, Any]]:
    """The deltas that build one block."""
    if block.kind == "text":
        return [{"type": "text_delta", "text": part} for part in cut(block.text, block.pieces)]
    if block.kind == "thinking":
        thoughts = [{"type": "thinking_delta", "thinking": part} for part in cut(block.text, block.pieces)]
        return [*thoughts, {"type": "signature_delta", "signature": block.signature}]
    if block.kind == "redacted_thinking":
        return []
    raw = json.dumps(block.input, ensure_ascii=False) if block.input else ""
    return [{"type": "input_json_delta", "partial_json": part} for part in ["", *cut(raw, block.pieces)]]


def request_id(request: Received) -> str:
    """The provider's id for a request, the same whenever asked."""
    return f"req_011{request.number:021d}"


def sse(name: str, data: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return b"event: " + name.encode() + b"\ndata: " + dump(data) + b"\n\n"


def dump(value: Any) -> bytes:
    """Compact JSON in UTF-8, as Anthropic sends it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
