from typing import Any

import pytest

from claude_lens.exchange import Usage
from claude_lens.store.maintenance.prices import price_map
from claude_lens.wire.price_map import entry_of
from claude_lens.wire.pricing import cost

USAGE = Usage(
    input_tokens=1000,
    output_tokens=2000,
    cache_read_input_tokens=3000,
    cache_creation_input_tokens=9000,
    cache_creation_5m_input_tokens=4000,
    cache_creation_1h_input_tokens=5000,
)


def test_by_every_name() -> None:
    prices: dict[str, dict[str, Any]] = {
        "claude-x": {"input_cost_per_token": 1.0},
        "free": {},
        "tiers": {"tiered_pricing": [1]},
    }
    assert entry_of(prices, "claude-x", None) == entry_of(prices, "anthropic/claude-x", "anthropic")
    assert entry_of(prices, "free", None) is None
    assert entry_of(prices, "tiers", None) == prices["tiers"]
    assert entry_of(prices, None, None) is None
    assert entry_of(prices, "claude-unheard-of", "anthropic") is None


@pytest.mark.parametrize(
    ("model", "million_in", "million_out"),
    [
        ("claude-sonnet-4-20250514", 3, 15),
        ("claude-sonnet-4-0", 3, 15),
        ("claude-opus-4-20250514", 15, 75),
        ("claude-opus-4-1-20250805", 15, 75),
        ("claude-3-opus-20240229", 15, 75),
        ("claude-3-7-sonnet-20250219", 3, 15),
        ("claude-3-7-sonnet-latest", 3, 15),
        ("claude-3-5-sonnet-20240620", 3, 15),
        ("claude-3-5-sonnet-20241022", 3, 15),
        ("claude-3-5-haiku-20241022", 0.8, 4),
        ("claude-3-haiku-20240307", 0.25, 1.25),
        ("anthropic/claude-3-haiku-20240307", 0.25, 1.25),
    ],
)
def test_retired_models_cost_what_they_did(model: str, million_in: float, million_out: float) -> None:
    """In the map of today, whatever it has dropped; an hour of cache costs twice the input."""
    entry = entry_of(price_map(), model, "anthropic")
    assert entry is not None
    fresh = million_in / 1e6
    expected = (
        1000 * fresh + 2000 * million_out / 1e6 + 3000 * fresh * 0.1 + 4000 * fresh * 1.25 + 5000 * fresh * 2
    )
    assert cost(USAGE, entry) == pytest.approx(expected, rel=0.05 if "haiku" in model else 1e-9)


def test_litellms_own_entry_comes_first() -> None:
    own = {"claude-3-haiku-20240307": {"input_cost_per_token": 7.0, "output_cost_per_token": 7.0}}
    assert entry_of(own, "claude-3-haiku-20240307", "anthropic") == own["claude-3-haiku-20240307"]
    amazon = {
        "anthropic.claude-3-haiku-20240307-v1:0": {
            "input_cost_per_token": 2.0,
            "output_cost_per_token": 3.0,
            "cache_read_input_token_cost": 0.2,
            "cache_creation_input_token_cost": 2.5,
        }
    }
    entry = entry_of(amazon, "claude-3-haiku-20240307", "anthropic")
    assert entry is not None
    assert entry["cache_creation_input_token_cost_above_1hr"] == 4.0
