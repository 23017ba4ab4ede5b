"""LiteLLM's own state, read through one narrow typed window. Nothing is ever changed here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import litellm
from litellm.proxy import proxy_server
from litellm.utils import ProviderConfigManager

from claude_lens.capture.auth import Verdict
from claude_lens.capture.prices import limits as limits_of
from claude_lens.wire.price_map import entry_of

STRATEGIES = "litellm.router_strategy."
INTERNAL_MODULES = (
    "litellm.proxy.hooks.",
    "litellm.router.",
    "litellm.router_core.",
    "litellm.rust_bridge.",
    "litellm.router_utils.",
    "litellm._service_logger",
    "claude_lens.",
)
# LiteLLM adds the configured deployments to its list once it has read the configuration.
PUBLISHED = frozenset(litellm.model_cost)
CALLBACK_LISTS = (
    "callbacks",
    "input_callback",
    "success_callback",
    "failure_callback",
    "_async_input_callback",
    "_async_success_callback",
    "_async_failure_callback",
)


def master_key() -> str | None:
    """The proxy's master key, None where LiteLLM runs open."""
    return proxy_server.master_key or None


def has_virtual_keys() -> bool:
    """Whether LiteLLM can judge keys other than the master key: a database or the operator's own code."""
    return proxy_server.prisma_client is not None or bool(
        setting("custom_auth") or setting("enable_jwt_auth")
    )


def refused_keys() -> frozenset[Verdict]:
    """The verdicts on a key that LiteLLM need not be asked about.

    Its database knows more keys than the master key; the operator's own code may not even need one.
    """
    if setting("custom_auth") or setting("enable_jwt_auth"):
        return frozenset()
    return frozenset(("missing",)) if has_virtual_keys() else frozenset(("missing", "foreign"))


def setting(name: str) -> Any:
    """An entry of ``general_settings``."""
    return (proxy_server.general_settings or {}).get(name)


def config_file() -> Path | None:
    """The configuration that LiteLLM serves; None before it has been told."""
    told = proxy_server.user_config_file_path or os.environ.get("CONFIG_FILE_PATH")
    return Path(told) if told else None


def shared_cache() -> Any:
    """LiteLLM's own cache (a ``DualCache``): this worker's memory, before Redis where it is configured."""
    return proxy_server.proxy_logging_obj.internal_usage_cache.dual_cache


def router() -> Any:
    """LiteLLM's router, None before the configuration is loaded."""
    return proxy_server.llm_router


def deployments(model: str) -> list[dict[str, Any]]:
    """Deployments that LiteLLM would choose from for ``model``, wildcards resolved."""
    current = router()
    return list(current.get_model_list(model_name=model) or []) if current else []


def model_names() -> list[str]:
    """Names in ``model_list``, wildcards among them, in order."""
    current = router()
    return list(dict.fromkeys(entry["model_name"] for entry in (current.model_list if current else [])))


def known_models(provider: str) -> list[str]:
    """Models of a provider in LiteLLM's price map, without a provider prefix."""
    return sorted(
        name for name, entry in litellm.model_cost.items() if entry.get("litellm_provider") == provider
    )


def _published(key: str) -> Mapping[str, Any] | None:
    entry: Mapping[str, Any] | None = litellm.model_cost.get(key) if key in PUBLISHED else None
    return entry


def limits(name: str) -> dict[str, int]:
    """``max_input_tokens`` and ``max_tokens`` of what answers ``name``, as far as LiteLLM knows them.

    An operator's ``model_info`` goes before LiteLLM's list.
    """
    found = deployments(name)
    target = str(found[0]["litellm_params"].get("model") or name) if found else name
    try:
        model, provider = provider_of(target)
    except Exception:
        model, provider = target, ""
    told = found[0].get("model_info") or {} if found else {}
    own = {"max_input_tokens": told.get("max_input_tokens"), "max_tokens": told.get("max_output_tokens")}
    return limits_of(_published, model, provider) | {
        key: value for key, value in own.items() if isinstance(value, int)
    }


def foreign_callbacks() -> Iterator[str]:
    """Names of callbacks that neither LiteLLM itself nor we registered: they must see every request."""
    for list_name in CALLBACK_LISTS:
        for callback in getattr(litellm, list_name, None) or []:
            if isinstance(callback, str):
                yield callback
                continue
            owner = getattr(callback, "__self__", callback)
            module = getattr(owner, "__module__", None) or type(owner).__module__
            # What the router holds is its own, but for its strategies: a budget decides about requests.
            if _is_routers(owner) and not module.startswith(STRATEGIES):
                continue
            if not f"{module}.".startswith(INTERNAL_MODULES):
                yield getattr(owner, "__qualname__", None) or type(owner).__name__


def _is_routers(owner: object) -> bool:
    """Whether it is LiteLLM's router, or a part of it, of whatever class: it registers itself."""
    current = router()
    if current is None:
        return False
    parts = getattr(current, "__dict__", {}).values()
    held = getattr(owner, "__dict__", {}).values()
    return owner is current or any(part is owner for part in parts) or any(part is current for part in held)


def provider_of(model: str) -> tuple[str, str]:
    """``(model, provider)`` of a deployment's ``model``, as LiteLLM infers it."""
    name, provider, _, _ = litellm.get_llm_provider(model)
    return name, provider


def target_of(kwargs: Mapping[str, Any]) -> tuple[str, str | None]:
    """``(model, provider)`` of a call that LiteLLM is about to make; provider None where it knows none."""
    model, provider = str(kwargs.get("model")), kwargs.get("custom_llm_provider")
    named = f"{provider}/{model}" if provider and not model.startswith(f"{provider}/") else model
    try:
        return provider_of(named)
    except Exception:
        return model, None


@lru_cache(maxsize=512)
def speaks_anthropic(model: str, provider: str) -> bool:
    """Whether LiteLLM sends ``/v1/messages`` to this target as it is, instead of translating it."""
    if provider == "anthropic":
        return True
    try:
        config = ProviderConfigManager.get_provider_anthropic_messages_config(
            model=model, provider=litellm.LlmProviders(provider)
        )
    except ValueError:
        return False
    return config is not None


@lru_cache(maxsize=512)
def max_output(model: str, provider: str) -> int | None:
    """Most tokens that the model may answer with; None where LiteLLM does not know."""
    try:
        found = litellm.get_model_info(model=model, custom_llm_provider=provider).get("max_output_tokens")
    except Exception:
        return None
    return found if isinstance(found, int) else None


@lru_cache(maxsize=512)
def knows(model: str, provider: str) -> bool:
    """Whether LiteLLM's list says what this model can do. Of Ollama's it knows nothing but sizes."""
    try:
        info = litellm.get_model_info(model=model, custom_llm_provider=provider)
    except Exception:
        return False
    return bool(info.get("max_input_tokens") or info.get("max_tokens")) and "ollama" not in provider


@lru_cache(maxsize=512)
def sees(model: str, provider: str) -> bool:
    """Whether the model takes images; of one that LiteLLM does not know, it is assumed."""
    known = knows(model, provider)
    return not known or bool(litellm.supports_vision(model=model, custom_llm_provider=provider))


@lru_cache(maxsize=512)
def reads_documents(model: str, provider: str) -> bool:
    """Whether the model takes PDF files, as far as LiteLLM knows."""
    return bool(litellm.utils.supports_pdf_input(model=model, custom_llm_provider=provider))


@lru_cache(maxsize=512)
def keys_cache(model: str, provider: str) -> bool:
    """Whether LiteLLM passes a name for the provider's prompt cache on."""
    try:
        found = litellm.get_supported_openai_params(model=model, custom_llm_provider=provider)
    except Exception:
        return False
    return "prompt_cache_key" in (found or ())


@lru_cache(maxsize=512)
def searches(model: str, provider: str) -> bool:
    """Whether LiteLLM turns Anthropic's web search into a search of the provider's own."""
    if provider == "openai":
        return knows(model, provider)
    return bool(litellm.supports_web_search(model=model, custom_llm_provider=provider))


@lru_cache(maxsize=512)
def reasons(model: str, provider: str) -> bool:
    """Whether the model takes a reasoning effort, as far as LiteLLM knows."""
    return bool(litellm.supports_reasoning(model=model, custom_llm_provider=provider))


@lru_cache(maxsize=512)
def prices(model: str | None, provider: str | None) -> Mapping[str, Any] | None:
    """LiteLLM's price map entry: US dollars by kind of token; None where it knows no price.

    Source: ``litellm.model_cost``, which an operator's ``model_info`` in the configuration extends.
    """
    return entry_of(litellm.model_cost, model, provider)
