"""Answers that the proxy gives by itself, in Anthropic's form."""

from __future__ import annotations

from typing import Any

import orjson

from claude_lens.capture.asgi import Send

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
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
