"""From the name of a target to something LiteLLM can call: an entry of ``model_list``, or a deployment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from claude_lens.agents import catalogue

OPENAI_FORMAT = "openai"
PLANO_URL = "http://localhost:8080"


class KeyMissing(ValueError):
    """A target's provider has no key. ``variable`` is the one to set."""

    def __init__(self, name: str, variable: str) -> None:
        super().__init__(f"{name!r} needs {variable}, which is not set (environment or .env)")
        self.variable = variable


@dataclass(frozen=True, slots=True)
class Provider:
    """Variables of a provider: one of ``keys`` must be set (empty: none is needed), ``bases`` its address."""

    keys: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    litellm: str | None = None


def _usual(name: str, *keys: str, litellm: str | None = None) -> Provider:
    return Provider(keys or (f"{name}_API_KEY",), (f"{name}_BASE_URL", f"{name}_API_BASE"), litellm)


PROVIDERS: dict[str, Provider] = {
    "anthropic": Provider(bases=("ANTHROPIC_FORWARD_URL",)),
    "openai": _usual("OPENAI"),
    "groq": _usual("GROQ"),
    "gemini": _usual("GEMINI", "GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "google": _usual("GEMINI", "GEMINI_API_KEY", "GOOGLE_API_KEY", litellm="gemini"),
    "deepseek": _usual("DEEPSEEK"),
    "dashscope": _usual("DASHSCOPE"),
    "qwen": _usual("DASHSCOPE", litellm="dashscope"),
    "openrouter": _usual("OPENROUTER"),
    "mistral": _usual("MISTRAL"),
    "xai": _usual("XAI"),
    "cerebras": _usual("CEREBRAS"),
    "together_ai": _usual("TOGETHERAI"),
    "fireworks_ai": _usual("FIREWORKS", "FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"),
    "moonshot": _usual("MOONSHOT"),
    "azure": _usual("AZURE"),
    "ollama": Provider(bases=("OLLAMA_BASE_URL", "OLLAMA_API_BASE"), litellm="ollama_chat"),
    "vertex": Provider(litellm="vertex_ai"),
    "plano": Provider(bases=("PLANO_BASE_URL",), litellm=OPENAI_FORMAT),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """``name`` is the ``model_name`` to ask LiteLLM for.

    ``params`` are the ``litellm_params`` of a deployment to be added; None where ``model_list`` has it.
    """

    name: str
    provider: str | None = None
    params: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def shown(self) -> str:
        """``provider/model`` as ``lensctl routes`` shows it."""
        if self.params is None:
            return f"{self.name} (model_list)"
        model = str(self.params["model"])
        return f"plano/{model.partition('/')[2]}" if self.provider == "plano" else model


def resolve(name: str, model_names: Iterable[str], environ: Mapping[str, str]) -> Target:
    """The target of a rule. Raises ValueError, in one line, for an unknown model or a missing key."""
    listed = list(model_names)
    if name in listed:
        return Target(name=name)
    provider, colon, model = name.partition(":")
    if colon and _is_provider(provider):
        if not model:
            raise ValueError(f"{name!r} names no model after {provider}:")
        return _deployment(name, provider, model, environ)
    if any("*" in known and fnmatchcase(name, known) for known in listed):
        return Target(name=name)
    inferred = catalogue.known_models().get(name)
    if inferred:
        return _deployment(name, inferred, name, environ)
    provider, slash, model = name.partition("/")
    if slash and model and _is_provider(provider):
        return _deployment(name, provider, model, environ)
    if colon:
        raise ValueError(f"unknown provider {name.partition(':')[0]!r} in {name!r}")
    raise ValueError(
        f"unknown model {name!r}: neither in model_list, nor known to LiteLLM, nor provider:model"
    )


def _is_provider(name: str) -> bool:
    return name in PROVIDERS or name in catalogue.providers()


def missing_key(provider: str, environ: Mapping[str, str]) -> str | None:
    """The variable that must be set to use a provider; None where nothing is missing."""
    keys = PROVIDERS[provider].keys if provider in PROVIDERS else ()
    return None if not keys or any(environ.get(key) for key in keys) else keys[0]


def base_url(provider: str, environ: Mapping[str, str]) -> str | None:
    """The provider's address from the environment, Plano's default included; None for LiteLLM's own."""
    bases = PROVIDERS[provider].bases if provider in PROVIDERS else ()
    found = next((environ[base] for base in bases if environ.get(base)), None)
    if provider == "plano":
        found = (found or PLANO_URL).rstrip("/")
        return found if found.endswith("/v1") else f"{found}/v1"
    return found


def derived(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables that a configuration may name and that follow from others: Plano's address and key."""
    made = {"PLANO_API_BASE": base_url("plano", environ) or "", "PLANO_ROUTER_KEY": _plano_key(environ)}
    return {name: value for name, value in made.items() if not environ.get(name)}


def _plano_key(environ: Mapping[str, str]) -> str:
    # Its own variable: an OpenAI key must not travel to a router of another operator.
    return environ.get("PLANO_API_KEY") or "none"


def _deployment(name: str, provider: str, model: str, environ: Mapping[str, str]) -> Target:
    missing = missing_key(provider, environ)
    if missing:
        raise KeyMissing(name, missing)
    known = PROVIDERS.get(provider, Provider())
    params: dict[str, Any] = {"model": f"{known.litellm or provider}/{model}"}
    base = base_url(provider, environ)
    if base:
        params["api_base"] = base
    if provider == "plano":
        params["api_key"] = _plano_key(environ)
    return Target(name=name, provider=provider, params=params)
