from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.exchange import Usage
from claude_lens.wire.usage import usage_of


def anthropic(**usage: Any) -> Usage | None:
    return usage_of({"type": "message", "usage": usage})


def test_an_anthropic_message() -> None:
    assert anthropic(
        input_tokens=3,
        output_tokens=5,
        cache_read_input_tokens=100,
        cache_creation_input_tokens=30,
        cache_creation={"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        service_tier="standard",
    ) == Usage(
        input_tokens=3,
        output_tokens=5,
        cache_read_input_tokens=100,
        cache_creation_input_tokens=30,
        cache_creation_5m_input_tokens=10,
        cache_creation_1h_input_tokens=20,
    )


def test_writes_without_a_split_are_five_minute_writes() -> None:
    for split in ({}, {"cache_creation": None}, {"cache_creation": {"ephemeral_5m_input_tokens": 0}}):
        usage = anthropic(input_tokens=1, cache_creation_input_tokens=30, **split)
        assert usage is not None
        assert (usage.cache_creation_5m_input_tokens, usage.cache_creation_1h_input_tokens) == (30, 0)


def test_a_split_without_a_total_is_its_own_total() -> None:
    usage = anthropic(input_tokens=1, cache_creation={"ephemeral_1h_input_tokens": 7})
    assert usage is not None
    assert (usage.cache_creation_input_tokens, usage.cache_creation_1h_input_tokens) == (7, 7)
    assert usage.prompt_tokens == 8


def test_an_openai_completion_counts_cached_tokens_in_the_prompt() -> None:
    answer = {
        "object": "chat.completion",
        "usage": {
            "prompt_tokens": 120,
            "completion_tokens": 9,
            "total_tokens": 129,
            "prompt_tokens_details": {"cached_tokens": 100, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 4},
        },
    }
    assert usage_of(answer) == Usage(input_tokens=20, output_tokens=9, cache_read_input_tokens=100)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 2}, Usage(input_tokens=5, output_tokens=2)),
        (
            {"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": None},
            Usage(input_tokens=5, output_tokens=2),
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 4},
            Usage(input_tokens=5, output_tokens=2, cache_read_input_tokens=4),
        ),
        (
            {"prompt_tokens": 9, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 3},
            Usage(
                input_tokens=2,
                cache_read_input_tokens=4,
                cache_creation_input_tokens=3,
                cache_creation_5m_input_tokens=3,
            ),
        ),
        (
            {"input_tokens": 9, "output_tokens": 1, "input_tokens_details": {"cached_tokens": 8}},
            Usage(input_tokens=1, output_tokens=1, cache_read_input_tokens=8),
        ),
        (
            {"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 8}},
            Usage(cache_read_input_tokens=3),
        ),
    ],
)
def test_other_openai_forms(usage: dict[str, Any], expected: Usage) -> None:
    assert usage_of({"usage": usage}) == expected


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"input_tokens": 42},
        {"usage": None},
        {"usage": []},
        {"usage": {}},
        {"error": {"message": "no"}},
    ],
)
def test_an_answer_that_tells_no_usage(answer: dict[str, Any] | None) -> None:
    assert usage_of(answer) is None


NAMES = [
    "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens",
    "cache_creation", "prompt_tokens", "completion_tokens", "prompt_tokens_details", "input_tokens_details",
]  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["cached_tokens", "ephemeral_1h_input_tokens", "x"]), inner)
    ),
)


@given(st.dictionaries(st.sampled_from(NAMES), anything))
def test_nonsense_gives_counts_that_add_up_or_none(usage: dict[str, Any]) -> None:
    counted = usage_of({"usage": usage})
    if counted is None:
        return
    short, long = counted.cache_creation_5m_input_tokens, counted.cache_creation_1h_input_tokens
    assert counted.cache_creation_input_tokens == short + long
    assert min(counted.input_tokens, counted.output_tokens, counted.cache_read_input_tokens, short, long) >= 0


@pytest.mark.parametrize(
    "usage",
    [
        {"input_tokens": 0, "output_tokens": 0},
        {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        {"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0},
    ],
)
def test_zeros_alone_are_no_count(usage: dict[str, int]) -> None:
    assert usage_of({"usage": usage}) is None
    assert usage_of({"usage": {**usage, "output_tokens": 1, "completion_tokens": 1}}) is not None


def test_searches_are_billed_without_a_token() -> None:
    zeros: dict[str, Any] = {"input_tokens": 0, "output_tokens": 0}
    assert anthropic(**zeros, server_tool_use={"web_search_requests": 0}) is None
    assert anthropic(**zeros, server_tool_use={"web_search_requests": 2}) == Usage()
