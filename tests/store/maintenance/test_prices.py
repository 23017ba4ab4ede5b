"""Published prices, dollars a million tokens (input, output, cache read, 5-minute and 1-hour write)."""

from __future__ import annotations

import pytest

from claude_lens.exchange import Usage
from claude_lens.store.maintenance.prices import price_map, prices_of
from claude_lens.wire import pricing

PUBLISHED = {
    "claude-opus-4-5": (5.00, 25.00, 0.50, 6.25, 10.00),
    "claude-sonnet-4-6": (3.00, 15.00, 0.30, 3.75, 6.00),
    "claude-sonnet-4-5": (3.00, 15.00, 0.30, 3.75, 6.00),
    "claude-haiku-4-5": (1.00, 5.00, 0.10, 1.25, 2.00),
}
USAGE = Usage(
    input_tokens=12_000,
    output_tokens=3_000,
    cache_read_input_tokens=100_000,
    cache_creation_input_tokens=7_000,
    cache_creation_5m_input_tokens=5_000,
    cache_creation_1h_input_tokens=2_000,
)


@pytest.mark.parametrize("model", PUBLISHED)
def test_cost_is_what_the_provider_publishes(model: str) -> None:
    entry = prices_of(model, "anthropic")
    assert entry is not None
    counts = (12_000, 3_000, 100_000, 5_000, 2_000)
    by_hand = sum(count * price for count, price in zip(counts, PUBLISHED[model], strict=True)) / 1e6
    assert pricing.cost(USAGE, entry) == pytest.approx(by_hand)


def test_openai_reads_its_cache_cheaper_and_writes_it_for_the_input_price() -> None:
    entry = prices_of("gpt-5", "openai")
    assert entry is not None
    read = Usage(input_tokens=1000, output_tokens=200, cache_read_input_tokens=9000)
    assert pricing.cost(read, entry) == pytest.approx((1000 * 1.25 + 200 * 10 + 9000 * 0.125) / 1e6)


def test_models_are_found_as_they_were_when_recorded() -> None:
    assert prices_of("anthropic/claude-sonnet-4-5") == prices_of("claude-sonnet-4-5", "anthropic")
    assert prices_of("no such model", "anthropic") is None
    assert prices_of(None) is None
    assert len(price_map()) > 1000


def test_the_map_is_the_one_that_litellm_uses() -> None:
    import litellm

    assert prices_of("claude-sonnet-4-5") == litellm.model_cost["claude-sonnet-4-5"]
