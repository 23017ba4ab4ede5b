"""The budget of tracing: bytes grow with what is new, not with the history, and CPU stays small."""

from __future__ import annotations

from benchmarks import tracing


def test_bytes_are_few_and_linear_in_turns() -> None:
    points = tracing.sent(100)
    assert points[-1] / 100 < tracing.GOAL_BYTES / 4
    first, last = points[49], points[99] - points[49]
    assert last / first < 1.15


def test_cpu_of_a_large_body() -> None:
    found = tracing.cpu(40)
    assert (found["messages"], found["body_bytes"] > 150_000) == (199, True)
    # The goal is 1 ms, which the benchmark shows; other tests share the machine here.
    assert found["ms_per_span"] < 3
