"""What the proxy answers from LiteLLM's state: health, and the list of models."""

from __future__ import annotations

import os

from claude_lens.capture import answers, host
from claude_lens.capture.asgi import App, Receive, Scope, Send
from claude_lens.capture.models import answer, is_anthropics
from claude_lens.capture.proving import proven
from claude_lens.capture.worker import worker

ANY_CLAUDE = "claude-sonnet-4-5"


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
        send,
        "healthy" if ready else "starting",
        "ready" if ready else "loading",
        credential_holder(),
        proven(scope, host.master_key(), worker().settings.published),
    )


async def models(downstream: App, scope: Scope, receive: Receive, send: Send) -> None:
    """``GET /v1/models`` or one: Anthropic's form for Anthropic's clients, LiteLLM's for the others."""
    if is_anthropics(scope):
        await answer(scope, send, host.model_names(), lambda: host.known_models("anthropic"), host.limits)
    else:
        await downstream(scope, receive, send)
