"""Prices before LiteLLM is loaded are those it has afterwards."""

from __future__ import annotations

from typing import Any

import litellm
import pytest

from claude_lens.capture import host
from claude_lens.capture.prices import Published, lookup
from tests.capture.conftest import CLAUDE, Configure

PROVIDERS = ("anthropic", "openai", None)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_published_prices_are_litellms(configure: Configure, provider: str | None) -> None:
    configure([CLAUDE])
    published = Published()
    names = [name for name in litellm.model_cost if "claude" in name or name.startswith("gpt-")]
    assert len(names) > 100
    different = [name for name in names if published(name, provider) != host.prices(name, provider)]
    assert different == []


def test_by_every_name() -> None:
    prices: dict[str, dict[str, Any]] = {
        "claude-x": {"input_cost_per_token": 1.0},
        "free": {},
        "tiers": {"tiered_pricing": [1]},
    }
    assert lookup(prices, "claude-x", None) == lookup(prices, "anthropic/claude-x", "anthropic")
    assert lookup(prices, "free", None) is None
    assert lookup(prices, "tiers", None) == prices["tiers"]
    assert lookup(prices, None, None) is None


def test_memory_given_back_is_read_again() -> None:
    published = Published()
    before = published("claude-opus-5-5", "anthropic")
    published.forget()
    assert before is not None
    assert published("claude-opus-5-5", "anthropic") == before
