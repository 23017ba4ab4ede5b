"""Answers of several models, at each one's price."""

from __future__ import annotations

from typing import Any

import pytest

from claude_lens.exchange import Usage
from claude_lens.wire import iterations
from claude_lens.wire.usage import usage_of

SONNET = {"input_cost_per_token": 3.0, "output_cost_per_token": 15.0, "cache_creation_input_token_cost": 4.0}
SONNET |= {"cache_creation_input_token_cost_above_1hr": 6.0}
OPUS = {"input_cost_per_token": 5.0, "output_cost_per_token": 25.0, "cache_read_input_token_cost": 0.5}
SEARCH: dict[str, Any] = {**SONNET, "search_context_cost_per_query": {"search_context_size_medium": 100.0}}
MODELS = {"sonnet": SONNET, "opus": OPUS, "searching": SEARCH}


def answer(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An answer of Sonnet with 10 tokens in and 2 out, and these iterations."""
    usage = {"input_tokens": 10, "output_tokens": 2, "iterations": list(entries), **more.pop("usage", {})}
    return {"model": "sonnet", "usage": usage, **more}


def entry(kind: str, model: str | None = None, **counts: Any) -> dict[str, Any]:
    """One iteration: 100 tokens in, 1 out."""
    return {
        "type": kind,
        **({"model": model} if model else {}),
        "input_tokens": 100,
        "output_tokens": 1,
        **counts,
    }


def priced(
    told: dict[str, Any], prices: dict[str, Any] = SONNET
) -> tuple[float | None, list[tuple[str, str, Any]]]:
    """Dollars, and the parts as ``(kind, model, dollars)``."""
    usage = usage_of(told)
    assert usage is not None
    usd, parts = iterations.priced(usage, prices, told, MODELS.get)
    return usd, [(part.kind, part.model, part.usd) for part in parts]


def test_a_message_is_what_the_totals_are_about() -> None:
    assert priced(answer()) == (60.0, [])
    assert priced(answer(entry("message"), entry("message", "sonnet"))) == (60.0, [])


def test_an_adviser_stands_beside_the_totals_at_its_own_price() -> None:
    told = answer(entry("message"), entry("advisor_message", "opus", cache_read_input_tokens=10))
    assert priced(told) == (60.0 + 530.0, [("advisor", "opus", 530.0)])
    writes = {"ephemeral_1h_input_tokens": 5, "ephemeral_5m_input_tokens": 0}
    own = entry("advisor_message", "sonnet", cache_creation_input_tokens=5, cache_creation=writes)
    assert priced(answer(own))[0] == 60.0 + 300.0 + 15.0 + 30.0


def test_a_summary_stands_beside_the_totals_at_the_answering_models_price() -> None:
    assert priced(answer(entry("compaction"))) == (60.0 + 315.0, [("compaction", "sonnet", 315.0)])


def test_a_fallback_is_billed_instead_of_the_totals() -> None:
    told = answer(entry("message", "sonnet"), entry("fallback_message", "opus"), model="opus")
    assert iterations.served(told) == "opus"
    assert priced(told, OPUS) == (525.0, [])
    twice = answer(entry("fallback_message", "opus"), entry("fallback_message", "sonnet"))
    assert priced(twice) == (315.0 + 525.0, [("fallback", "opus", 525.0)])
    refused = {**twice, "stop_reason": "refusal"}
    assert priced(refused) == (525.0, [("fallback", "opus", 525.0)])


def test_a_fallbacks_searches_are_billed_once() -> None:
    told = answer(
        entry("fallback_message", "searching"),
        model="searching",
        usage={"server_tool_use": {"web_search_requests": 2}},
    )
    assert priced(told, SEARCH) == (315.0 + 200.0, [])


def test_an_unknown_price_makes_the_sum_unknown_and_keeps_the_part() -> None:
    assert priced(answer(entry("advisor_message", "nobody"))) == (None, [("advisor", "nobody", None)])


@pytest.mark.parametrize("odd", [None, "x", 7, [None, 7, "x", {}, {"type": 7}, {"type": "advisor_message"}]])
def test_what_makes_no_sense_is_left_out(odd: Any) -> None:
    told = answer(usage={"iterations": odd})
    assert iterations.priced(Usage(input_tokens=10), SONNET, told, MODELS.get) == (30.0, ())
    assert iterations.priced(Usage(input_tokens=10), SONNET, {"usage": odd}, MODELS.get) == (30.0, ())


def test_names_that_mean_the_same_model() -> None:
    assert iterations.is_same("claude-sonnet-4-5", "claude-sonnet-4-5-20250929")
    assert iterations.is_same("claude-3-5-haiku-latest", "claude-3-5-haiku-20241022")
    assert iterations.is_same("anthropic/claude-opus-4-0", "claude-opus-4@20250514")
    assert iterations.is_same("claude-sonnet-4-5[1m]", "Claude-Sonnet-4-5")
    assert not iterations.is_same("claude-opus-4-5", "claude-opus-4-6")
    assert not iterations.is_same("claude-opus-4-5", "claude-haiku-4-5-20251001")
    assert iterations.served(None) is None
    assert iterations.served({"model": ""}) is None
