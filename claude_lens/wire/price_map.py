"""An entry of LiteLLM's price map by a model's many names, retired models of Anthropic included.

LiteLLM takes a model out of its map once Anthropic retires it, but keeps what clouds still offer: the same
model at the same list price under a name of Amazon's. What stands nowhere any more is in :data:`LIST_PRICES`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from claude_lens.wire.pricing import CACHE_READ, CACHE_WRITE_1H, CACHE_WRITE_5M, INPUT, OUTPUT

PriceMap = Mapping[str, Mapping[str, Any]]

_CLAUDE: Final = "claude-"
_AMAZON: Final = ("anthropic.{}-v1:0", "anthropic.{}-v2:0", "anthropic.{}-v1")
_HOUR: Final = 2.0
"""What Anthropic asks for an hour of cache, in prices of fresh input."""

LIST_PRICES: Final[Mapping[str, tuple[str, float, float]]] = {
    "claude-3-haiku-20240307": ("2024-03-13", 0.25, 1.25),
    "claude-3-sonnet-20240229": ("2024-03-04", 3.0, 15.0),
    "claude-3-opus-20240229": ("2024-03-04", 15.0, 75.0),
    "claude-3-5-sonnet-20240620": ("2024-06-20", 3.0, 15.0),
    "claude-3-5-sonnet-20241022": ("2024-10-22", 3.0, 15.0),
    "claude-3-5-haiku-20241022": ("2024-12-03", 0.8, 4.0),
    "claude-3-7-sonnet-20250219": ("2025-02-24", 3.0, 15.0),
    "claude-sonnet-4-20250514": ("2025-05-22", 3.0, 15.0),
    "claude-opus-4-20250514": ("2025-05-22", 15.0, 75.0),
    "claude-opus-4-1-20250805": ("2025-08-05", 15.0, 75.0),
    "claude-2.1": ("2023-11-21", 8.0, 24.0),
    "claude-2.0": ("2023-07-11", 8.0, 24.0),
    "claude-instant-1.2": ("2023-08-09", 0.8, 2.4),
}
"""Anthropic's list prices of retired models: since when, US dollars a million tokens in, and out.

Reading the cache costs a tenth of the input, writing it 1.25 times for five minutes, twice for an hour.
"""

_ALIASES: Final[Mapping[str, str]] = {
    "claude-3-opus-latest": "claude-3-opus-20240229",
    "claude-3-sonnet-latest": "claude-3-sonnet-20240229",
    "claude-3-5-sonnet-latest": "claude-3-5-sonnet-20241022",
    "claude-3-5-haiku-latest": "claude-3-5-haiku-20241022",
    "claude-3-7-sonnet-latest": "claude-3-7-sonnet-20250219",
    "claude-sonnet-4-0": "claude-sonnet-4-20250514",
    "claude-opus-4-0": "claude-opus-4-20250514",
    "claude-opus-4-1": "claude-opus-4-1-20250805",
    "claude-instant-1": "claude-instant-1.2",
    "claude-2": "claude-2.1",
}


def entry_of(prices: PriceMap, model: str | None, provider: str | None) -> dict[str, Any] | None:
    """The entry for a model: US dollars by kind of token; None where it has no price."""
    if not model:
        return None
    bare = model.split("/", 1)[1] if "/" in model else model
    for key in (model, f"{provider}/{model}", f"{provider}/{bare}", bare):
        entry = prices.get(key)
        if entry and _has_price(entry):
            return dict(entry)
    return _retired(prices, bare) if bare.startswith(_CLAUDE) else None


def _retired(prices: PriceMap, model: str) -> dict[str, Any] | None:
    name = _ALIASES.get(model, model)
    for key in _names(name):
        entry = prices.get(key)
        if entry and _has_price(entry) and CACHE_READ in entry:
            # Clouds sell no hour of cache; Anthropic does, at a price of its own.
            return {**entry, CACHE_WRITE_1H: entry.get(CACHE_WRITE_1H) or entry[INPUT] * _HOUR}
    if name not in LIST_PRICES:
        return None
    _, million_in, million_out = LIST_PRICES[name]
    fresh = million_in / 1e6
    return {
        INPUT: fresh,
        OUTPUT: million_out / 1e6,
        CACHE_READ: fresh * 0.1,
        CACHE_WRITE_5M: fresh * 1.25,
        CACHE_WRITE_1H: fresh * _HOUR,
    }


def _names(model: str) -> Iterator[str]:
    yield model
    for form in _AMAZON:
        yield form.format(model)


def _has_price(entry: Mapping[str, Any]) -> bool:
    return entry.get(INPUT) is not None or bool(entry.get("tiered_pricing"))
