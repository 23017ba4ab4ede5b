"""Which API an endpoint speaks, and what its event streams come to.

Sources: Anthropic's and OpenAI's API references; Google's for Gemini. An endpoint is the path of a request,
as it came: both APIs are also served below ``/engines/MODEL``, ``/anthropic`` and the like.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

from claude_lens.wire import chat, gemini, responses, sse

Dialect = Literal["messages", "count", "chat", "completions", "responses", "gemini", "other"]

_SUFFIXES: tuple[tuple[str, Dialect], ...] = (
    ("/messages", "messages"),
    ("/count_tokens", "count"),
    ("/chat/completions", "chat"),
    ("/completions", "completions"),
    ("/responses", "responses"),
    (":generateContent", "gemini"),
    (":streamGenerateContent", "gemini"),
)

_GOOGLE = re.compile(r"/models/([^/].*):[A-Za-z]+\Z")
_MODEL = re.compile(
    r"/(?:engines|deployments|model)/(.+?)/"
    r"(?:chat/completions|completions|embeddings|images|audio|responses|invoke|converse)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What a stream came to: its JSON (None where nothing whole arrived), and an error told inside of it.

    ``whole`` is false where its last event is missing.
    """

    json: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    whole: bool = True


def dialect_of(endpoint: str) -> Dialect:
    """The API that an endpoint speaks; ``other`` where its bytes are all that is known."""
    if "/threads/" in endpoint:
        return "other"
    return next((dialect for suffix, dialect in _SUFFIXES if endpoint.endswith(suffix)), "other")


def model_in(path: str) -> str | None:
    """The model that a path names, as OpenAI's engines, Azure's deployments, Gemini and Bedrock have it."""
    found = _GOOGLE.search(path) or _MODEL.search(path)
    return unquote(found[1]) if found else None


def fold(endpoint: str, body: bytes) -> Folded:
    """The event stream in ``body`` (decoded) as its endpoint means it. Never raises."""
    dialect = dialect_of(endpoint)
    if dialect in ("chat", "completions"):
        completion = chat.fold_chat(body)
        choices = completion.get("choices") if completion else None
        return Folded(
            json=completion,
            error=completion if completion and completion.get("error") else None,
            whole=bool(choices) and all(choice["finish_reason"] for choice in choices or ()),
        )
    if dialect == "responses":
        response, whole = responses.fold(body)
        failed = response is not None and bool(response.get("error"))
        return Folded(json=response, error=response if failed else None, whole=whole)
    if dialect == "gemini":
        answer, whole = gemini.fold(body)
        failed = answer is not None and bool(answer.get("error"))
        return Folded(json=answer, error=answer if failed else None, whole=whole)
    folded = sse.fold(body)
    json = folded.message if folded.message is not None else folded.error
    unknown = dialect == "other" and json is None
    return Folded(json=json, error=folded.error, whole=folded.complete or unknown)
