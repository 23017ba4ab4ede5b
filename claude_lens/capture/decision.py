"""Which way a request goes: byte for byte to Anthropic, or through LiteLLM, and why.

The transparent lane takes a request only where LiteLLM would have nothing to decide: the target is
Anthropic's own API under the same model name, and no key, fallback, guardrail, cache or foreign logger of
LiteLLM's has a say.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import litellm

from claude_lens.capture import host
from claude_lens.capture.auth import Verdict
from claude_lens.capture.upstream import ANTHROPIC, Upstream, bare_base

FRESH_FOR = 5.0
REMEMBERED = 256

# Entries of a deployment's litellm_params that leave LiteLLM nothing to decide.
PLAIN_PARAMS = frozenset(
    (
        "model",
        "api_key",
        "api_base",
        "base_url",
        "custom_llm_provider",
        "timeout",
        "stream_timeout",
        "max_retries",
    )
)
DECIDING_SETTINGS = (
    "max_parallel_requests",
    "global_max_parallel_requests",
    "max_request_size_mb",
    "max_response_size_mb",
    "max_budget",
    "enforced_params",
    "enforce_user_param",
    "custom_auth",
    "custom_key_generate",
)


@dataclass(frozen=True, slots=True)
class Decision:
    """``upstream`` is None where the request goes through LiteLLM; ``reason`` then says why."""

    upstream: Upstream | None
    reason: str | None = None


class Decider:
    """Decides per request; what depends on the configuration alone is remembered for a few seconds."""

    def __init__(self, *, transparent: bool, forward_url: str | None) -> None:
        self._transparent = transparent
        self._forward_url = forward_url
        self._known: dict[str, tuple[float, int, Decision]] = {}

    def decide(self, model: str | None, verdict: Verdict) -> Decision:
        """The way for a request of ``model`` whose key was judged ``verdict``."""
        if not self._transparent:
            return Decision(None, "switched off by CLAUDE_LENS_TRANSPARENT")
        if verdict == "foreign":
            return Decision(None, "not the master key")
        if model is None:
            return Decision(None, "the body names no model")
        now, router = time.monotonic(), id(host.router())
        known = self._known.get(model)
        if known and now - known[0] < FRESH_FOR and known[1] == router:
            return known[2]
        decision = self._for_model(model)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[model] = (now, router, decision)
        return decision

    def anthropic(self, model: str | None) -> Upstream | None:
        """Anthropic's own API for this model whatever else LiteLLM would decide; None if it is another's."""
        return self._for_model(model, asked=True).upstream if model else None

    def _for_model(self, model: str, *, asked: bool = False) -> Decision:
        reason = _global_reason() or _routing_reason(model)
        if reason and not asked:
            return Decision(None, reason)
        found = host.deployments(model)
        if len(found) != 1:
            count = "no deployment" if not found else f"{len(found)} deployments"
            return Decision(None, f"{count} in model_list for {model}")
        params = {name: value for name, value in found[0]["litellm_params"].items() if value}
        reason = _deployment_reason(model, params)
        if reason:
            return Decision(None, reason)
        base = params.get("api_base") or params.get("base_url") or self._forward_url or ANTHROPIC
        return Decision(Upstream(bare_base(str(base)), params.get("api_key")))


def _global_reason() -> str | None:
    foreign = next(host.foreign_callbacks(), None)
    if foreign:
        return f"callback {foreign} must see the request"
    if litellm.cache is not None:
        return "LiteLLM's cache is on"
    if litellm.guardrail_name_config_map:
        return "a guardrail is configured"
    if litellm.max_budget:
        return "a budget is configured"
    deciding = next((name for name in DECIDING_SETTINGS if host.setting(name)), None)
    return f"general_settings.{deciding} is set" if deciding else None


def _routing_reason(model: str) -> str | None:
    router: Any = host.router()
    if router is None:
        return "no model_list"
    if model in (router.model_group_alias or {}) or model in (litellm.model_alias_map or {}):
        return f"{model} is an alias"
    for name in ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks"):
        for entry in getattr(router, name, None) or []:
            if isinstance(entry, str) or model in entry or "*" in entry:
                return f"{name} configured for {model}"
    return None


def _deployment_reason(model: str, params: dict[str, Any]) -> str | None:
    try:
        target, provider = host.provider_of(params["model"])
    except Exception:
        return f"{params['model']} has no provider that LiteLLM knows"
    provider = params.get("custom_llm_provider") or provider
    if provider != "anthropic":
        return f"{model} goes to {provider}/{target}"
    if target != model:
        return f"{model} is mapped to {target}"
    special = next((name for name in params if name not in PLAIN_PARAMS), None)
    return f"the deployment sets {special}" if special else None
