"""One line of text from an error answer."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

_LONGEST = 500
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


def error_text(answer: Mapping[str, Any] | None, http_status: int | None = None, body: bytes = b"") -> str:
    """``overloaded_error: Overloaded`` from Anthropic's or OpenAI's error form, at most 500 characters.

    Other JSON and plain text give what they say, a page its title, or else ``HTTP 502``.
    """
    error = answer.get("error", answer.get("detail", answer.get("message"))) if answer else None
    kind = None
    if isinstance(error, Mapping):
        kind, error = error.get("type") or error.get("code"), error.get("message")
    if not isinstance(error, str) and answer is None:
        error = body[: 4 * _LONGEST].decode("utf-8", "replace")
        if "<html" in error.lower():
            title = _TITLE.search(error)
            error = html.unescape(title[1]) if title else None
    parts = [str(part) for part in (kind, error) if part]
    line = " ".join(": ".join(parts).split())
    if not line or (not kind and http_status):
        line = f"HTTP {http_status or 'error'}" + (f": {line}" if line else "")
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
