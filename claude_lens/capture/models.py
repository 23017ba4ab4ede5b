"""The list of models as Claude Code expects it, whoever knows the names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from claude_lens.capture import headers as h
from claude_lens.capture.answers import respond_error, respond_json
from claude_lens.capture.asgi import Scope, Send

MODELS = re.compile(r"(?:/v1)?/models(?:/[^:]*)?\Z")
# Claude Code asks in this name for what to add to its own list in /model.
DISCOVERY = b"claude-code/"
# The names of the configuration that comes with us: all of them are in Claude Code's own list, or retired.
SHIPPED = frozenset(
    (
        "opus",
        "sonnet",
        "haiku",
        "claude-opus-5-5",
        "claude-sonnet-5-5",
        "claude-haiku-4-5",
        "claude-sonnet-4-5-20250929",
        "claude-sonnet-4-20250514",
        "claude-3-5-sonnet-20241022",
        "claude-3-haiku-20240307",
    )
)
OLDEST = "2025-01-01T00:00:00Z"


def is_anthropics(scope: Scope) -> bool:
    """Whether it is one of Anthropic's clients that asks; the others get LiteLLM's own form."""
    anthropic = h.get(scope["headers"], b"anthropic-version") or h.get(scope["headers"], b"x-api-key")
    return bool(anthropic or b"limit=" in scope["query_string"])


Limits = Callable[[str], Mapping[str, int]]


def asked_for(scope: Scope) -> str | None:
    """The id in ``GET /v1/models/ID``; None for the whole list."""
    rest = scope["path"].removeprefix("/v1").removeprefix("/models").strip("/")
    return rest or None


def fills_a_list(scope: Scope) -> bool:
    """Whether Claude Code asks for names to add to its own list of models."""
    return (h.get(scope["headers"], b"user-agent") or b"").startswith(DISCOVERY)


async def answer(
    scope: Scope, send: Send, names: Iterable[str], known: Callable[[], Iterable[str]], limits: Limits
) -> None:
    """Names that a client may ask for: ``names`` of the configuration in order, wildcards among them.

    ``known`` are Anthropic's models, of which a Claude wildcard admits Claude's. One model where the path
    names it, with ``limits`` in tokens. Claude Code knows its models itself, better than we do: to its own
    list it gets only what the user has added.
    """
    configured = list(names)
    plain = [name for name in configured if "*" not in name]
    if fills_a_list(scope) and asked_for(scope) is None:
        anthropics = {*SHIPPED, *known()}
        plain = [name for name in plain if name not in anthropics]
    elif any(name.startswith("claude") for name in configured if "*" in name):
        plain += [name for name in known() if name.startswith("claude-")]
    one = asked_for(scope)
    if one is not None:
        if one in plain or any(fnmatchcase(one, name) for name in configured if "*" in name):
            await respond_json(send, 200, _model(one, limits))
        else:
            await respond_error(send, 404, f"model: {one}")
        return
    listed = list(dict.fromkeys(plain))
    limit = _limit(scope["query_string"]) or len(listed)
    kept = [_model(name, limits) for name in listed[:limit]]
    told: dict[str, Any] = {
        "object": "list",
        "data": kept,
        "has_more": len(kept) < len(listed),
        "first_id": kept[0]["id"] if kept else None,
        "last_id": kept[-1]["id"] if kept else None,
    }
    await respond_json(send, 200, told)


def _model(name: str, limits: Limits) -> dict[str, Any]:
    # One entry serves both dialects: Anthropic's fields beside OpenAI's.
    words = name.replace("claude-", "Claude ", 1).replace("-", " ") if name.startswith("claude-") else name
    return {
        "type": "model",
        "id": name,
        "display_name": words.title() if name.startswith("claude-") else words,
        "created_at": OLDEST,
        "object": "model",
        "owned_by": "anthropic" if "claude" in name else "litellm",
        **limits(name),
    }


def _limit(query: bytes) -> int | None:
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name == b"limit" and value.isdigit():
            return int(value[:9])
    return None
