"""Spans as data: ids, times, size."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from claude_lens.tracing.spans import SPAN_OVERHEAD, Span, identifier, nanoseconds


@given(st.lists(st.text(st.characters(codec=None)), max_size=4), st.lists(st.text(), max_size=4))
def test_ids_are_never_zero_and_differ_with_their_parts(one: list[str], other: list[str]) -> None:
    for bits in (64, 128):
        a, b = identifier(bits, *one), identifier(bits, *other)
        assert 0 < a < 2**bits
        assert (a == b) == (one == other)


def test_borders_between_parts_count() -> None:
    assert identifier(64, "ab", "c") != identifier(64, "a", "bc") != identifier(64, "abc")


@given(st.floats(0, 4e9))
def test_nanoseconds_are_exact_to_a_microsecond(seconds: float) -> None:
    assert abs(nanoseconds(seconds) / 1e9 - seconds) < 1.1e-6
    assert nanoseconds(seconds) % 1000 == 0


def test_order_is_kept() -> None:
    times = [1_760_000_000.0 + step / 1e6 for step in range(100)]
    assert all(a < b for a, b in pairwise(map(nanoseconds, times)))


def test_size_grows_with_what_it_holds() -> None:
    span = Span(trace_id=1, span_id=1, parent_id=None, name="x", start_ns=0, end_ns=0)
    assert span.size == SPAN_OVERHEAD
    full = Span(
        trace_id=1,
        span_id=1,
        parent_id=None,
        name="x",
        start_ns=0,
        end_ns=0,
        attributes={"ab": "x" * 10, "n": 5, "l": ("abc", "d")},
    )
    assert full.size == SPAN_OVERHEAD + 2 + 10 + 1 + 8 + 1 + 4
