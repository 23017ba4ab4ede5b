"""What the upstream of a case answers: messages, streams and refusals in Anthropic's form, as bytes."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import brotli
import zstandard

from tests.conformance.rawhttp import Pairs
from tests.upstream import Answer
from tests.upstream.anthropic import ERROR_TYPES

MODEL = "claude-sonnet-4-5"
LIMITS: Pairs = (
    ("request-id", "req_011CONFORMANCE"),
    ("anthropic-organization-id", "00000000-0000-4000-8000-000000000000"),
    ("anthropic-ratelimit-unified-status", "allowed"),
    ("anthropic-ratelimit-unified-5h-utilization", "0.42"),
    ("cf-ray", "8f00ba5e-FRA"),
    ("x-unheard-of", "kept"),
)
COOKIES: Pairs = (("set-cookie", "a=1; path=/"), ("set-cookie", "b=2; expires=Fri, 01 Jan 2027 00:00:00 GMT"))
STREAM: Pairs = (("Content-Type", "text/event-stream; charset=utf-8"), ("Cache-Control", "no-cache"), *LIMITS)
JSON: Pairs = (("Content-Type", "application/json"), *LIMITS)
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda whole: gzip.compress(whole, mtime=0),
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


def sse(data: dict[str, Any]) -> bytes:
    """An event as Anthropic writes it."""
    return b"event: %b\ndata: %b\n\n" % (str(data["type"]).encode(), dump(data))


def turned(event: bytes) -> bytes:
    """The same event, its data first and on a line of its own for each of its JSON's."""
    name, data = event.rstrip(b"\n").split(b"\ndata: ")
    lines = json.dumps(json.loads(data), ensure_ascii=False, indent=1).encode().split(b"\n")
    return b"\n".join([*(b"data: " + line for line in lines), name, b"", b""])


def dump(data: Any) -> bytes:
    """JSON without spaces, UTF-8 as it is."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def message(content: list[dict[str, Any]], usage: dict[str, int] | None = None) -> dict[str, Any]:
    """A whole answer."""
    return {
        "model": MODEL,
        "id": "msg_01CONFORMANCE",
        "type": "message",
        "role": "assistant",
        "content": content,
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage or {"input_tokens": 12, "output_tokens": 7},
        "an_unknown_field": {"kept": True},
    }


def events(*texts: str) -> list[bytes]:
    """A stream with one text block, one delta a text, its events apart."""
    start = {**message([]), "stop_reason": None, "usage": {"input_tokens": 12, "output_tokens": 1}}
    delta = {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}}
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    deltas = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
        for text in texts
    ]
    listed: list[dict[str, Any]] = [{"type": "message_start", "message": start}, block, *deltas]
    listed += [{"type": "content_block_stop", "index": 0}, {**delta, "usage": {"output_tokens": 7}}]
    return [sse(event) for event in [*listed, {"type": "message_stop"}]]


def streamed(*chunks: bytes | float, headers: Pairs = STREAM, **more: Any) -> Answer:
    """A 200 stream of exactly these chunks; without any, a short message."""
    return Answer(200, headers, chunks or tuple(events("Hel", "lo")), **more)


def packed(answer: Answer, how: str) -> Answer:
    """The same answer, compressed."""
    whole = b"".join(chunk for chunk in answer.chunks if isinstance(chunk, bytes))
    return replace(
        answer, headers=(*answer.headers, ("content-encoding", how)), chunks=(PACKERS[how](whole),)
    )


def failure(status: int) -> bytes:
    """An error body as Anthropic words it, spaces included."""
    detail = {"type": ERROR_TYPES[status], "message": f"Wording {status}: `x` … unchanged"}
    return json.dumps({"type": "error", "error": detail, "request_id": "req_011CONFORMANCE"}).encode()
