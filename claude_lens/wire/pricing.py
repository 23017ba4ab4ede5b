"""What an exchange cost, from its usage and an entry of LiteLLM's price map.

Source: LiteLLM's own rules for long prompts, cache lifetimes, absent prices, Anthropic's fast mode,
regions and web searches; a test holds the two equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from claude_lens.exchange import Usage

INPUT = "input_cost_per_token"
OUTPUT = "output_cost_per_token"
CACHE_READ = "cache_read_input_token_cost"
CACHE_WRITE_5M = "cache_creation_input_token_cost"
CACHE_WRITE_1H = "cache_creation_input_token_cost_above_1hr"

_RATES = (INPUT, OUTPUT, CACHE_READ, CACHE_WRITE_5M, CACHE_WRITE_1H)
_THRESHOLD = re.compile(rf"(?:{'|'.join(_RATES)})_above_(\d+)(k?)_tokens\Z")
_REASONING = "output_cost_per_reasoning_token"
_OTHERS = (
    "provider_specific_entry",
    "search_context_cost_per_query",
    "tiered_pricing",
    "off_peak_pricing",
    _REASONING,
)
_NOWHERE = ("global", "not_available")


def cost(usage: Usage, prices: Mapping[str, Any], told: Mapping[str, Any] | None = None) -> float | None:
    """US dollars for ``usage`` at ``prices`` (dollars a token); None where input or output has no price.

    A price of 0.0 is a price. A missing cache price is the input price, a missing 1-hour price the
    5-minute one. Prices ``*_above_200k_tokens`` hold for the whole request once its prompt (cache
    included) is longer, and so does the fitting entry of a ``tiered_pricing`` table. ``told`` is the
    answer's own ``usage`` object, which names what a count cannot: ``speed`` (fast mode),
    ``inference_geo`` and ``server_tool_use.web_search_requests``.
    """
    rates = _rates(prices, usage.prompt_tokens)
    if rates is None:
        return None
    usd = (
        usage.input_tokens * rates[INPUT]
        + usage.output_tokens * rates[OUTPUT]
        + usage.cache_read_input_tokens * rates[CACHE_READ]
        + usage.cache_creation_5m_input_tokens * rates[CACHE_WRITE_5M]
        + usage.cache_creation_1h_input_tokens * rates[CACHE_WRITE_1H]
    )
    if not told:
        return usd
    return usd * _multiplier(prices, told) + _searches(prices, told)


def relevant(prices: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a price map's entry that ``cost`` looks at, small enough to keep with an exchange."""
    return {
        name: value
        for name, value in prices.items()
        if value is not None and (name in _RATES or name in _OTHERS or _THRESHOLD.match(name))
    }


def depends_on_more(prices: Mapping[str, Any]) -> bool:
    """Whether counts alone do not tell the cost: prices that change by hour, or thinking at its own price."""
    thinking = _number(prices.get(_REASONING))
    return bool(prices.get("off_peak_pricing")) or thinking not in (None, _number(prices.get(OUTPUT)))


def rates(prices: Mapping[str, Any], prompt_tokens: int) -> dict[str, float] | None:
    """Dollars a token by the price map's names, as :func:`cost` uses them for a prompt of that size."""
    return _rates(prices, prompt_tokens)


def _rates(prices: Mapping[str, Any], prompt_tokens: int) -> dict[str, float] | None:
    if tier := _tier(prices.get("tiered_pricing"), prompt_tokens):
        prices = {OUTPUT: prices.get(OUTPUT), **tier}
    chosen = {name: _number(prices.get(name)) for name in _RATES}
    for threshold, suffix in _thresholds(prices):
        if prompt_tokens > threshold:
            for name in _RATES:
                above = _number(prices.get(f"{name}_above_{suffix}_tokens"))
                chosen[name] = chosen[name] if above is None else above
    fresh, out = chosen[INPUT], chosen[OUTPUT]
    if fresh is None or out is None:
        return None
    read, short, long = chosen[CACHE_READ], chosen[CACHE_WRITE_5M], chosen[CACHE_WRITE_1H]
    short = fresh if short is None else short
    return {
        INPUT: fresh,
        OUTPUT: out,
        CACHE_READ: fresh if read is None else read,
        CACHE_WRITE_5M: short,
        CACHE_WRITE_1H: short if long is None else long,
    }


def _thresholds(prices: Iterable[str]) -> list[tuple[int, str]]:
    """Prompt lengths in tokens above which other prices hold, shortest first, each as its key spells it."""
    found = {match[1] + match[2] for name in prices if (match := _THRESHOLD.match(name))}
    return sorted((int(text.rstrip("k")) * (1000 if text.endswith("k") else 1), text) for text in found)


def _tier(table: object, prompt_tokens: int) -> Mapping[str, Any] | None:
    """The entry whose ``range`` (above, up to) holds the prompt; the last one for longer prompts."""
    tiers = [
        (bounds, tier)
        for tier in (table if isinstance(table, list) else ())
        if isinstance(tier, Mapping) and INPUT in tier and len(bounds := tier.get("range", ())) == 2
    ]
    tiers.sort(key=lambda entry: entry[0][0])
    fitting = [tier for (above, up_to), tier in tiers if above < prompt_tokens <= up_to]
    return next(iter(fitting or [tier for _, tier in tiers[-1:]]), None)


def _multiplier(prices: Mapping[str, Any], told: Mapping[str, Any]) -> float:
    special = prices.get("provider_specific_entry")
    if not isinstance(special, Mapping):
        return 1.0
    times = 1.0
    if told.get("speed") == "fast":
        times *= _or(_number(special.get("fast")), 1.0)
    region = told.get("inference_geo")
    if isinstance(region, str) and region.lower() not in _NOWHERE:
        times *= _or(_number(special.get(region.lower())), 1.0)
    return times


def _searches(prices: Mapping[str, Any], told: Mapping[str, Any]) -> float:
    tools, each = told.get("server_tool_use"), prices.get("search_context_cost_per_query")
    if not isinstance(tools, Mapping) or not isinstance(each, Mapping):
        return 0.0
    count = _or(_number(tools.get("web_search_requests")), 0.0)
    return count * _or(_number(each.get("search_context_size_medium")), 0.0)


def _number(value: object) -> float | None:
    """Prices from a YAML file may be text (``3e-06``)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
