"""LiteLLM's price map before LiteLLM is loaded."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from claude_lens.wire.price_map import entry_of

FILE = "model_prices_and_context_window_backup.json"


def limits(
    get: Callable[[str], Mapping[str, Any] | None], model: str, provider: str | None
) -> dict[str, int]:
    """``max_input_tokens`` and ``max_tokens`` (of an answer) of a model, as far as they are known."""
    bare = model.split("/", 1)[1] if "/" in model else model
    found = (get(key) for key in (model, f"{provider}/{model}", f"{provider}/{bare}", bare))
    entry: Mapping[str, Any] = next(filter(None, found), {})
    told = {"max_input_tokens": entry.get("max_input_tokens"), "max_tokens": entry.get("max_output_tokens")}
    return {name: value for name, value in told.items() if isinstance(value, int)}


class Published:
    """The price map as it comes with LiteLLM, read from its file at the first question."""

    def __init__(self) -> None:
        self._prices: Mapping[str, Mapping[str, Any]] | None = None

    def __call__(self, model: str | None, provider: str | None) -> Mapping[str, Any] | None:
        """As ``price_map.entry_of``."""
        return entry_of(self._all(), model, provider)

    def models(self, provider: str) -> list[str]:
        """Models of a provider, without a provider prefix."""
        prices = self._all()
        return sorted(name for name, entry in prices.items() if entry.get("litellm_provider") == provider)

    def limits(self, model: str) -> dict[str, int]:
        """As :func:`limits`, of one of Anthropic's models."""
        return limits(self._all().get, model, "anthropic")

    def forget(self) -> None:
        """Give the memory back; a further question reads the file again."""
        self._prices = None

    def _all(self) -> Mapping[str, Mapping[str, Any]]:
        if self._prices is None:
            self._prices = _read()
        return self._prices


def _read() -> Mapping[str, Mapping[str, Any]]:
    spec = importlib.util.find_spec("litellm")
    if spec is None or not spec.origin:
        return {}
    found: Mapping[str, Mapping[str, Any]] = orjson.loads(Path(spec.origin).with_name(FILE).read_bytes())
    return found
