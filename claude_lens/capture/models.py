"""The list of models as Claude Code expects it, whoever knows the names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from claude_lens.capture import headers as h
from claude_lens.capture.answers import respond_json
from claude_lens.capture.asgi import Scope, Send

OLDEST = "2025-01-01T00:00:00Z"


def is_anthropics(scope: Scope) -> bool:
    """Whether it is one of Anthropic's clients that asks; the others get LiteLLM's own form."""
    anthropic = h.get(scope["headers"], b"anthropic-version") or h.get(scope["headers"], b"x-api-key")
    return bool(anthropic or b"limit=" in scope["query_string"])


async def answer(scope: Scope, send: Send, names: Iterable[str], known: Callable[[], Iterable[str]]) -> None:
    """Names that a client may ask for: ``names`` of the configuration in order, wildcards among them.

    ``known`` are Anthropic's models, of which a Claude wildcard admits Claude's.
    """
    configured = list(names)
    plain = [name for name in configured if "*" not in name]
    if any(name.startswith("claude") for name in configured if "*" in name):
        plain += [name for name in known() if name.startswith("claude-")]
    data = [_model(name) for name in dict.fromkeys(plain)]
    limit = _limit(scope["query_string"]) or len(data)
    kept = data[:limit]
    listed: dict[str, Any] = {
        "object": "list",
        "data": kept,
        "has_more": len(kept) < len(data),
        "first_id": kept[0]["id"] if kept else None,
        "last_id": kept[-1]["id"] if kept else None,
    }
    await respond_json(send, 200, listed)


def _model(name: str) -> dict[str, str]:
    # One entry serves both dialects: Anthropic's fields beside OpenAI's.
    words = name.replace("claude-", "Claude ", 1).replace("-", " ") if name.startswith("claude-") else name
    return {
        "type": "model",
        "id": name,
        "display_name": words.title() if name.startswith("claude-") else words,
        "created_at": OLDEST,
        "object": "model",
        "owned_by": "anthropic" if "claude" in name else "litellm",
    }


def _limit(query: bytes) -> int | None:
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name == b"limit" and value.isdigit():
            return int(value[:9])
    return None
