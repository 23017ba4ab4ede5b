"""An error that a provider tells inside an answer that began as if all were well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claude_lens.wire.parse import parse_object

STATUS_OF = {
    "authentication": 401,
    "billing": 402,
    "exhausted": 429,
    "forbidden": 403,
    "invalid": 400,
    "context_length": 400,
    "not_found": 404,
    "overloaded": 529,
    "permission": 403,
    "quota": 429,
    "rate_limit": 429,
    "timeout": 504,
    "too_large": 413,
    "unauthenticated": 401,
    "unavailable": 503,
}
SERVER_ERROR = 500


class Problem(Exception):
    """``status``: the HTTP status that the error should have had; ``message``: the provider's own words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Unfinished(Exception):
    """The body ended without the sign by which its format says that the answer is whole."""


def problem_in(event: Mapping[str, Any]) -> Problem | None:
    """The error that an event of a stream tells, in OpenAI's, Google's or Ollama's form; None where none.

    >>> problem_in({"error": {"message": "Slow down", "code": 429}}).status
    429
    """
    error = event.get("error")
    if event.get("type") == "error" and not error:
        error = event
    if not error:
        return None
    if isinstance(error, str):
        error = parse_object(error) or {"message": error}
        error = error["error"] if isinstance(error.get("error"), Mapping) else error
    if not isinstance(error, Mapping):
        return None
    message = error.get("message")
    return Problem(_status(error), message if isinstance(message, str) and message else "the provider failed")


def _status(error: Mapping[str, Any]) -> int:
    words = [error.get(name) for name in ("code", "status", "status_code", "type")]
    for word in words:
        number = int(word) if isinstance(word, str) and word.isdigit() else word
        if isinstance(number, int) and 400 <= number < 600:
            return number
    text = " ".join(word for word in words if isinstance(word, str)).lower()
    return next((status for name, status in STATUS_OF.items() if name in text), SERVER_ERROR)
