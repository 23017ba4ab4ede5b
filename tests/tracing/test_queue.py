"""The queue before a backend that is well, dead, slow, refusing or silent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import psutil
import pytest

from claude_lens.tracing import queue as module
from claude_lens.tracing.backends import at
from claude_lens.tracing.otlp import Attempt, Sender
from claude_lens.tracing.queue import SpanQueue
from claude_lens.tracing.spans import Span
from tests.tracing.collector import Collector


def spans(count: int, size: int = 100, first: int = 0) -> list[Span]:
    return [
        Span(
            trace_id=1,
            span_id=first + number + 1,
            parent_id=None,
            name=str(first + number),
            start_ns=0,
            end_ns=1,
            attributes={"text": "x" * size},
        )
        for number in range(count)
    ]


def until(ready: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def a_queue(collector: Collector, **more: float) -> SpanQueue:
    return SpanQueue("otlp", Sender(at(collector.url), {}, timeout=0.5), pace=0.01, **more)  # type: ignore[arg-type]


def test_batches_and_order(collector: Collector) -> None:
    queue = a_queue(collector)
    queue.put(spans(200))
    assert queue.drained(10)
    assert [span.name for span in collector.spans] == [str(n) for n in range(200)]
    assert max(len(post.spans) for post in collector.posts) <= module.BATCH
    assert queue.status() == {
        "sent": 200,
        "refused": 0,
        "dropped": 0,
        "failures": 0,
        "problem": None,
        "queued": 0,
        "queued_bytes": 0,
    }
    queue.close()


def test_an_hours_outage_costs_bounded_memory_and_heals_by_itself(collector: Collector) -> None:
    limit = 2 << 20
    queue = a_queue(collector, limit=limit)
    collector.stop()
    until(lambda: True)
    before = psutil.Process().memory_info().rss
    slowest = 0.0
    # An hour of a busy machine: 20,000 spans of 8 KiB, against a queue that holds 2 MiB.
    for number in range(2_000):
        begun = time.perf_counter()
        queue.put(spans(10, 8_000, first=number * 10))
        slowest = max(slowest, time.perf_counter() - begun)
        status = queue.status()
        assert int(str(status["queued_bytes"])) <= limit
    assert slowest < 0.5
    assert psutil.Process().memory_info().rss - before < 40 << 20
    until(lambda: int(str(queue.status()["failures"])) > 1)
    status = queue.status()
    assert status["problem"] == "no connection"
    assert int(str(status["dropped"])) > 19_000
    collector.start()
    assert queue.drained(20)
    status = queue.status()
    assert status["problem"] is None
    assert int(str(status["sent"])) + int(str(status["dropped"])) == 20_000
    names = [int(span.name) for span in collector.spans]
    assert names == sorted(names)
    assert names[-1] == 19_999
    queue.close()


def test_a_silent_backend_costs_nothing_and_closing_is_bounded(collector: Collector) -> None:
    collector.mode = "hang"
    queue = a_queue(collector)
    begun = time.monotonic()
    queue.put(spans(100))
    assert time.monotonic() - begun < 0.5
    until(lambda: queue.status()["problem"] == "no answer in time")
    begun = time.monotonic()
    queue.close(1.0)
    assert time.monotonic() - begun < 3
    assert queue.status()["dropped"] == 100


def test_a_refusing_backend_gets_no_batch_twice(collector: Collector) -> None:
    collector.mode = 401
    queue = a_queue(collector)
    queue.put(spans(10))
    assert queue.drained(5)
    time.sleep(0.1)
    assert collector.attempts == 1
    status = queue.status()
    assert (status["refused"], status["sent"], status["failures"]) == (10, 0, 1)
    assert str(status["problem"]).startswith("HTTP 401")
    collector.mode = "ok"
    queue.put(spans(1))
    assert queue.drained(5)
    assert queue.status()["problem"] is None
    queue.close()


def test_too_large_batches_are_halved(collector: Collector) -> None:
    import random

    collector.largest = 20_000
    noise = random.Random(1)
    many = [
        Span(
            trace_id=1,
            span_id=n + 1,
            parent_id=None,
            name=str(n),
            start_ns=0,
            end_ns=1,
            attributes={"text": noise.randbytes(1000).hex()},
        )
        for n in range(64)
    ]
    many.append(
        Span(
            trace_id=1,
            span_id=99,
            parent_id=None,
            name="huge",
            start_ns=0,
            end_ns=1,
            attributes={"text": noise.randbytes(30_000).hex()},
        )
    )
    queue = a_queue(collector)
    queue.put(many)
    assert queue.drained(10)
    assert sorted(int(span.name) for span in collector.spans) == list(range(64))
    assert queue.status()["refused"] == 1
    queue.close()


def test_closing_sends_what_waits(collector: Collector) -> None:
    queue = a_queue(collector)
    queue.put(spans(300))
    queue.close(10)
    assert len(collector.spans) == 300


def test_partly_refused(collector: Collector) -> None:
    collector.mode = "partial"
    queue = a_queue(collector)
    queue.put(spans(5))
    assert queue.drained(5)
    assert (queue.status()["sent"], queue.status()["refused"]) == (4, 1)
    queue.close()


class Scripted:
    """Answers what it is told, and notes when it was asked."""

    def __init__(self, *attempts: Attempt) -> None:
        self.attempts = list(attempts)
        self.asked: list[float] = []
        self.closed = threading.Event()

    def send(self, spans: Sequence[Span]) -> Attempt:
        self.asked.append(time.monotonic())
        return self.attempts.pop(0) if self.attempts else Attempt(True)

    def close(self) -> None:
        self.closed.set()


def test_pauses_grow_and_heed_what_the_backend_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    failing = [Attempt(False, retryable=True, problem="x") for _ in range(3)]
    asked = Attempt(False, retryable=True, retry_after=30.0, problem="busy")
    sender = Scripted(*failing, asked)
    queue = SpanQueue("x", sender, pace=0.02)
    queue.put(spans(1))
    assert queue.drained(10)
    gaps = [round(b - a, 3) for a, b in zip(sender.asked, sender.asked[1:], strict=False)]
    assert gaps[0] >= 0.02
    assert gaps[1] >= 0.04
    assert gaps[2] >= 0.08
    assert gaps[3] >= 0.6
    queue.close()
    assert sender.closed.is_set()
