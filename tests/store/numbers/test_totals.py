from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.store.numbers.totals import bin_of, percentile, speed, value_of


@given(st.floats(0.01, 1e7))
def test_a_bin_is_narrow(value: float) -> None:
    assert value_of(bin_of(value)) == pytest.approx(value, rel=0.022)


@given(st.lists(st.floats(1, 1e5), min_size=1, max_size=200), st.sampled_from([0.5, 0.95]))
def test_percentiles_are_close(values: list[float], share: float) -> None:
    histogram: dict[int, int] = {}
    for value in values:
        histogram[bin_of(value)] = histogram.get(bin_of(value), 0) + 1
    exact = sorted(values)[max(0, -(-len(values) * int(share * 100) // 100) - 1)]
    assert percentile(histogram, share) == pytest.approx(exact, rel=0.023)


def test_nothing_has_no_percentile() -> None:
    assert percentile({}, 0.5) is None
    assert percentile({3: 0}, 0.5) is None


def test_speed_counts_from_the_first_token() -> None:
    assert speed({"output_tokens": 101, "ttft_ms": 500.0, "duration_ms": 1500.0}) == 100
    for row in (
        {"output_tokens": None, "ttft_ms": 1.0, "duration_ms": 9.0},
        {"output_tokens": 1, "ttft_ms": 1.0, "duration_ms": 9.0},
        {"output_tokens": 5, "ttft_ms": None, "duration_ms": 9.0},
        {"output_tokens": 5, "ttft_ms": 9.0, "duration_ms": 9.0},
    ):
        assert speed(row) is None
