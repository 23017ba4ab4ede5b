"""Answers that the proxy gives by itself: errors in Anthropic's form, health, warm-up, status."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any, Literal

import orjson

import claude_lens
from claude_lens.capture.asgi import Receive, Scope, Send
from claude_lens.capture.proving import BUILD, SCHEMA
from claude_lens.descriptors import counters

STARTED = time.time()

ALIVE = "I'm alive!"
"""What LiteLLM says to ``GET /health/liveliness``."""

REFUSED = 402
"""The status that Claude Code takes for final: asked once, it shows the sentence to its user."""
BILLING = "billing_error"

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    REFUSED: BILLING,
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def error_type(status: int) -> str:
    """Anthropic's name for an HTTP status."""
    return ERROR_TYPES.get(status, "invalid_request_error" if 400 <= status < 500 else "api_error")


def error_body(status: int, message: str, kind: str | None = None) -> bytes:
    """An error in Anthropic's form: ``{"type":"error","error":{"type":…,"message":…}}``."""
    return orjson.dumps({"type": "error", "error": {"type": kind or error_type(status), "message": message}})


async def respond(
    send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    """Send a whole answer, JSON unless ``headers`` say otherwise."""
    listed = headers if headers is not None else [(b"content-type", b"application/json")]
    listed = [*listed, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": listed})
    await send({"type": "http.response.body", "body": body})


async def respond_json(send: Send, status: int, content: Any) -> None:
    """Send ``content`` as JSON."""
    await respond(send, status, orjson.dumps(content))


async def respond_error(send: Send, status: int, message: str, kind: str | None = None) -> bytes:
    """Send an error in Anthropic's form; returns its body."""
    body = error_body(status, message, kind)
    await respond(send, status, body)
    return body


async def health(
    send: Send,
    status: Literal["healthy", "starting", "failed"],
    litellm: Literal["on_demand", "loading", "ready", "failed"],
    credential: str,
    proof: Mapping[str, str],
) -> None:
    """``GET /health``. Healthy is who takes requests: some may still have to wait for LiteLLM.

    ``proof`` is what :func:`claude_lens.capture.proving.proven` says.
    """
    content = {
        "status": status,
        "litellm": litellm,
        "service": "claude-lens",
        "version": claude_lens.__version__,
        "build": BUILD,
        "schema": SCHEMA,
        "pid": os.getpid(),
        "credential": credential,
        **proof,
    }
    await respond_json(send, 200 if status == "healthy" else 503, content)


async def alive(scope: Scope, receive: Receive, send: Send) -> None:
    """LiteLLM's own health checks without a key, while there is no LiteLLM: who answers them serves."""
    readiness = scope["path"].endswith("/readiness")
    await respond_json(send, 200, {"status": "healthy", "db": "Not connected"} if readiness else ALIVE)


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """``HEAD /api/hello``: Claude Code warms its connection up."""
    await respond(send, 200, b"", [])


async def status(send: Send, *, lanes: dict[str, int], recording: dict[str, Any] | None) -> None:
    """``GET /claude-lens/status``: what ``lensctl status`` prints of the running proxy."""
    content = {
        "service": "claude-lens",
        "version": claude_lens.__version__,
        "pid": os.getpid(),
        "started_at": STARTED,
        "lanes": lanes,
        "connections": counters.told(),
        "recording": recording,
    }
    await respond_json(send, 200, content)
