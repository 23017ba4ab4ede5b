"""Requests to the proxy of this folder, scripted bodies, and what was recorded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx

from claude_lens.exchange import Exchange
from tests.e2e.routed import recorded
from tests.harness import Proxy
from tests.upstream import Provider, raw

TOOLS = [{"name": name, "input_schema": {"type": "object", "properties": {}}} for name in ("Bash", "Read")]
EVENTS, LINES, PLAIN = "text/event-stream", "application/x-ndjson", "application/json"


@dataclass
class Asked:
    """What the client got (status None: the connection was cut), and the record of it."""

    status: int | None
    text: str
    headers: dict[str, str]
    record: Exchange

    @property
    def content(self) -> list[dict[str, Any]]:
        """The recorded message's blocks, ids and signatures left out."""
        message = (self.record.response and self.record.response.json) or {}
        kept = ("type", "text", "thinking", "name", "input")
        return [{name: block[name] for name in kept if name in block} for block in message.get("content", [])]


def body(model: str, **more: Any) -> dict[str, Any]:
    """A request of the client's."""
    asked = [{"role": "user", "content": "go"}]
    return {"model": model, "max_tokens": 100, "stream": True, "messages": asked, "tools": TOOLS, **more}


def ask(proxy: Proxy, request: dict[str, Any]) -> Asked:
    """Send it, and wait for the record."""
    try:
        answer = proxy.post(request)
        status, text, headers = answer.status_code, answer.text, dict(answer.headers)
    except httpx.RemoteProtocolError as error:
        status, text, headers = None, str(error), {}
    return Asked(status, text, headers, recorded(proxy)[-1])


def answered(upstream: Provider, *chunks: bytes, kind: str = EVENTS, **more: Any) -> None:
    """Let the provider answer everything with exactly these bytes."""
    headers = (("content-type", kind), ("retry-after", "7"))
    upstream.play(lambda _: raw(*chunks, headers=headers, **more))


def events(*listed: Any) -> list[bytes]:
    """Server-sent events."""
    return [b"data: " + json.dumps(event).encode() + b"\n\n" for event in listed]


def lines(*listed: Any) -> list[bytes]:
    """Lines of JSON."""
    return [json.dumps(event).encode() + b"\n" for event in listed]
