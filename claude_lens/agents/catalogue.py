"""What LiteLLM knows without importing it: its providers, and which of them a bare model name belongs to.

Importing LiteLLM takes seconds, and a mistake in the configuration should show at once.
"""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path

import orjson

PRICES = "model_prices_and_context_window_backup.json"
CHAT_MODES = frozenset(("chat", "responses", "completion"))


@cache
def providers() -> frozenset[str]:
    """Names of providers, as in ``groq/…``; empty where LiteLLM's source cannot be found."""
    source = _text("types/utils.py")
    listed = re.search(r"class LlmProviders\(str, Enum\):\n(.*?)\n(?:class |def |@|\w)", source, re.DOTALL)
    return frozenset(re.findall(r'= "([\w-]+)"', listed[1])) if listed else frozenset()


@cache
def known_models() -> dict[str, str]:
    """Chat models in LiteLLM's price map by bare name, each with its provider."""
    file = _package() / PRICES
    if not file.is_file():
        return {}
    entries = orjson.loads(file.read_bytes())
    found: dict[str, str] = {}
    for name, entry in entries.items():
        provider = entry.get("litellm_provider")
        if isinstance(provider, str) and entry.get("mode") in CHAT_MODES and "/" not in name:
            found[name] = _FAMILY.get(provider, provider)
    return found


# The price map splits some providers by kind of model; a request names the provider itself.
_FAMILY = {
    "text-completion-openai": "openai",
    "bedrock_converse": "bedrock",
    "vertex_ai-language-models": "vertex_ai",
    "vertex_ai-anthropic_models": "vertex_ai",
}


def _package() -> Path:
    spec = importlib.util.find_spec("litellm")
    return Path(spec.origin).parent if spec and spec.origin else Path("nowhere")


def _text(relative: str) -> str:
    file = _package() / relative
    return file.read_text(encoding="utf-8") if file.is_file() else ""
