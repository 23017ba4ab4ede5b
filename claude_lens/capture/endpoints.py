"""What the proxy answers from LiteLLM's state: health, and the list of models."""

from __future__ import annotations

import os
from typing import Any

from claude_lens.capture import answers, host
from claude_lens.capture import headers as h
from claude_lens.capture.answers import respond_json
from claude_lens.capture.asgi import App, Receive, Scope, Send

ANY_CLAUDE = "claude-sonnet-4-5"
OLDEST = "2025-01-01T00:00:00Z"


def credential_holder() -> str:
    """``proxy`` where a provider key for Anthropic is at hand, ``client`` where a login must bring one."""
    if os.environ.get("ANTHROPIC_API_KEY") or os.environ.get("ANTHROPIC_AUTH_TOKEN"):
        return "proxy"
    found = [entry["litellm_params"] for entry in host.deployments(ANY_CLAUDE)]
    if any(params.get("api_key") for params in found):
        return "proxy"
    # Where Claude's names lead to other providers only, no login with Anthropic is ever used.
    providers = {host.provider_of(params["model"])[1] for params in found}
    return "proxy" if providers and "anthropic" not in providers else "client"


async def health(scope: Scope, receive: Receive, send: Send) -> None:
    """``GET /health``: no key, no provider called."""
    ready = host.router() is not None
    await answers.health(
        send, "healthy" if ready else "starting", "ready" if ready else "loading", credential_holder()
    )


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


def model_list() -> dict[str, Any]:
    """Names that a client may ask for: those configured, and the known ones that a Claude wildcard admits."""
    names = host.model_names()
    if any(name.startswith("claude") for name in host.wildcards()):
        names += [name for name in host.known_models("anthropic") if name.startswith("claude-")]
    data = [_model(name) for name in dict.fromkeys(names)]
    return {
        "object": "list",
        "data": data,
        "has_more": False,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }


async def models(downstream: App, scope: Scope, receive: Receive, send: Send) -> None:
    """``GET /v1/models``: Anthropic's form for Anthropic's clients, LiteLLM's own for the others."""
    anthropic = h.get(scope["headers"], b"anthropic-version") or h.get(scope["headers"], b"x-api-key")
    if not (anthropic or b"limit=" in scope["query_string"]):
        await downstream(scope, receive, send)
        return
    limit = _limit(scope["query_string"])
    answer = model_list()
    if limit and limit < len(answer["data"]):
        kept = answer["data"][:limit]
        answer.update(data=kept, has_more=True, last_id=kept[-1]["id"])
    await respond_json(send, 200, answer)


def _limit(query: bytes) -> int | None:
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name == b"limit" and value.isdigit():
            return int(value)
    return None
