"""Cost: by hand for the published prices, and equal to what LiteLLM computes itself."""

from __future__ import annotations

import os
import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from claude_lens.exchange import Usage
from claude_lens.wire.pricing import cost, depends_on_more, relevant
from claude_lens.wire.usage import usage_of

SONNET = {
    "input_cost_per_token": 3e-06,
    "output_cost_per_token": 15e-06,
    "cache_read_input_token_cost": 0.3e-06,
    "cache_creation_input_token_cost": 3.75e-06,
    "cache_creation_input_token_cost_above_1hr": 6e-06,
}
LONG = {
    **SONNET,
    "input_cost_per_token_above_200k_tokens": 6e-06,
    "output_cost_per_token_above_200k_tokens": 22.5e-06,
    "cache_read_input_token_cost_above_200k_tokens": 0.6e-06,
    "cache_creation_input_token_cost_above_200k_tokens": 7.5e-06,
    "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 12e-06,
}
USAGE = Usage(
    input_tokens=1_000,
    output_tokens=2_000,
    cache_read_input_tokens=100_000,
    cache_creation_input_tokens=30_000,
    cache_creation_5m_input_tokens=10_000,
    cache_creation_1h_input_tokens=20_000,
)


def test_by_hand_from_the_published_prices() -> None:
    # 1k at $3, 2k at $15, 100k at $0.30, 10k at $3.75, 20k at $6 a million
    assert cost(USAGE, SONNET) == pytest.approx(0.003 + 0.030 + 0.030 + 0.0375 + 0.120)


@pytest.mark.parametrize(("reads", "expected"), [(199_999, 0.0599997 + 3e-06), (200_000, 0.12 + 6e-06)])
def test_long_prompts_cost_more_from_the_first_token_past_the_limit(reads: int, expected: float) -> None:
    usage = Usage(input_tokens=1, cache_read_input_tokens=reads)
    assert cost(usage, LONG) == pytest.approx(expected)


def test_every_kind_of_token_has_its_long_price() -> None:
    usage = Usage(
        input_tokens=200_000,
        output_tokens=1_000,
        cache_read_input_tokens=1_000,
        cache_creation_5m_input_tokens=1_000,
        cache_creation_1h_input_tokens=1_000,
        cache_creation_input_tokens=2_000,
    )
    assert cost(usage, LONG) == pytest.approx(1.2 + 0.0225 + 0.0006 + 0.0075 + 0.012)


def test_the_highest_limit_that_is_passed_holds() -> None:
    prices = {"input_cost_per_token": 1.0, "output_cost_per_token": 1.0}
    prices |= {"input_cost_per_token_above_100k_tokens": 2.0, "input_cost_per_token_above_90_tokens": 1.5}
    assert cost(Usage(input_tokens=90), prices) == 90
    assert cost(Usage(input_tokens=91), prices) == 91 * 1.5
    assert cost(Usage(input_tokens=100_001), prices) == 200_002


def test_missing_cache_prices_are_the_input_price_and_one_hour_the_five_minute_one() -> None:
    prices = {"input_cost_per_token": 2.0, "output_cost_per_token": 0.0}
    usage = Usage(
        cache_read_input_tokens=1, cache_creation_5m_input_tokens=10, cache_creation_1h_input_tokens=100
    )
    assert cost(usage, prices) == 222
    assert cost(usage, {**prices, "cache_creation_input_token_cost": 3.0}) == 2 + 30 + 300
    assert cost(usage, {**prices, "cache_read_input_token_cost": 0.0}) == 220


@pytest.mark.parametrize("prices", [{}, {"input_cost_per_token": 1e-6}, {"output_cost_per_token": 1e-6}])
def test_unknown_prices_give_no_cost_but_zero_is_a_price(prices: dict[str, float]) -> None:
    assert cost(USAGE, prices) is None
    assert cost(USAGE, {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0}) == 0.0


def test_prices_may_be_text_or_nonsense() -> None:
    prices = {"input_cost_per_token": "3e-06", "output_cost_per_token": "0"}
    assert cost(Usage(input_tokens=1_000_000), prices) == pytest.approx(3.0)
    assert cost(USAGE, {**prices, "input_cost_per_token": "much"}) is None
    assert cost(USAGE, {**prices, "input_cost_per_token": True}) is None


def test_fast_mode_region_and_web_searches() -> None:
    prices = {
        **SONNET,
        "provider_specific_entry": {"fast": 2.0, "us": 1.1},
        "search_context_cost_per_query": {"search_context_size_medium": 0.01},
    }
    usage = Usage(output_tokens=1_000)
    assert cost(usage, prices, {"speed": "standard"}) == pytest.approx(0.015)
    assert cost(usage, prices, {"speed": "fast"}) == pytest.approx(0.030)
    assert cost(usage, prices, {"speed": "fast", "inference_geo": "US"}) == pytest.approx(0.033)
    assert cost(usage, prices, {"inference_geo": "global"}) == pytest.approx(0.015)
    searched = {"server_tool_use": {"web_search_requests": 3}, "speed": "fast"}
    assert cost(usage, prices, searched) == pytest.approx(0.060)
    assert cost(usage, SONNET, searched) == pytest.approx(0.015)


def test_tiered_table() -> None:
    prices = {
        "tiered_pricing": [
            {"range": [100, 1000], "input_cost_per_token": 2.0, "output_cost_per_token": 5.0},
            {"range": [0, 100], "input_cost_per_token": 1.0, "output_cost_per_token": 3.0},
        ]
    }
    assert cost(Usage(input_tokens=100, output_tokens=1), prices) == 103
    assert cost(Usage(input_tokens=101, output_tokens=1), prices) == 207
    assert cost(Usage(input_tokens=5000, output_tokens=1), prices) == 10_005


def test_relevant_keeps_what_cost_needs_and_no_more() -> None:
    entry = {**LONG, "max_tokens": 64_000, "supports_vision": True, "input_cost_per_token_batches": 1.0}
    kept = relevant({**entry, "cache_read_input_token_cost_above_200k_tokens_priority": 1.0})
    assert kept == LONG
    assert cost(USAGE, kept) == cost(USAGE, entry)


def test_depends_on_more() -> None:
    assert not depends_on_more(SONNET)
    assert not depends_on_more({**SONNET, "output_cost_per_reasoning_token": 15e-06})
    assert depends_on_more({**SONNET, "output_cost_per_reasoning_token": 60e-06})
    assert depends_on_more({**SONNET, "off_peak_pricing": {"hours_utc": "16:30-00:30"}})


MODELS = [
    ("anthropic", "claude-sonnet-4-5-20250929"),
    ("anthropic", "claude-sonnet-4-6"),
    ("anthropic", "claude-haiku-4-5-20251001"),
    ("anthropic", "claude-opus-4-5-20251101"),
    ("anthropic", "claude-opus-4-8"),
    ("bedrock", "claude-sonnet-4-5-20250929-v1:0"),
    ("anthropic", "claude-haiku-5-5"),
    ("openai", "gpt-5.6"),
    ("openai", "gpt-5-mini"),
    ("openai", "gpt-4o"),
    ("openai", "o3"),
    ("gemini", "gemini/gemini-2.5-pro"),
    ("groq", "groq/openai/gpt-oss-20b"),
    ("dashscope", "dashscope/qwen-flash"),
]


class LiteLLM:
    """LiteLLM's price map, and the cost that it computes for an Anthropic ``usage`` object."""

    def __init__(self) -> None:
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import litellm
            from litellm.llms.anthropic.chat.transformation import AnthropicConfig
        self._litellm, self._anthropic = litellm, AnthropicConfig()

    def prices(self, model: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._litellm.model_cost.get(model)
        return found

    def cost(self, provider: str, model: str, usage: dict[str, Any]) -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # LiteLLM's own, when it first builds its types
            counted = self._anthropic.calculate_usage(usage_object=usage, reasoning_content=None)
            answer = self._litellm.ModelResponse(model=model, usage=counted)
            usd: float = self._litellm.completion_cost(
                completion_response=answer, model=model, custom_llm_provider=provider
            )
        return usd


@pytest.fixture(scope="module")
def litellm() -> LiteLLM:
    return LiteLLM()


counts = st.one_of(st.integers(0, 5_000), st.integers(0, 400_000))


@pytest.mark.parametrize(("provider", "model"), MODELS, ids=[model for _, model in MODELS])
@given(
    fresh=counts,
    out=counts,
    read=counts,
    short=counts,
    long=counts,
    split=st.booleans(),
    told=st.sampled_from(
        [{}, {"speed": "fast"}, {"inference_geo": "us"}, {"server_tool_use": {"web_search_requests": 3}}]
    ),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_equals_litellm(
    litellm: LiteLLM, provider: str, model: str, fresh: int, out: int, read: int, short: int, long: int,
    split: bool, told: dict[str, Any],
) -> None:  # fmt: skip
    prices = litellm.prices(model)
    if prices is None:
        pytest.skip(f"this LiteLLM has no price for {model}")
    if provider != "anthropic":
        told = {}
        assume(fresh + read + short + long > 0)
    usage: dict[str, Any] = {
        "input_tokens": fresh,
        "output_tokens": out,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": short + (long if split else 0),
        **told,
    }
    if split:
        usage["cache_creation"] = {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long}
    # None where nothing at all was counted, which costs nothing.
    counted = usage_of({"usage": usage}) or Usage()
    ours = cost(counted, relevant(prices), usage)
    assert ours == pytest.approx(litellm.cost(provider, model, dict(usage)), rel=1e-9, abs=1e-12)
