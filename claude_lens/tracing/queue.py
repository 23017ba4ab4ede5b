"""Spans on their way to one backend: a bounded queue, and a thread that empties it.

A backend that is dead, slow, refusing or silent costs the caller nothing: spans wait, the oldest go when
there is no more room, and every loss is counted.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from claude_lens.tracing.otlp import Attempt
from claude_lens.tracing.spans import Span

BATCH = 64
QUEUE_BYTES = 32 * 1024 * 1024
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
LONGEST_ASKED = 300.0
LAST_PAUSE = 0.5


class Sends(Protocol):
    """What takes a batch to its backend."""

    def send(self, spans: Sequence[Span]) -> Attempt:
        """One attempt; never raises."""

    def close(self) -> None:
        """Release the connections."""


@dataclass(slots=True)
class Counters:
    """Spans: ``sent`` and accepted, ``refused`` by the backend, ``dropped`` for want of room or of time.

    ``failures`` counts attempts; ``problem`` is the newest one's, None since the last success.
    """

    sent: int = 0
    refused: int = 0
    dropped: int = 0
    failures: int = 0
    problem: str | None = None


class SpanQueue:
    """``put`` never blocks. ``pace`` scales the pauses between attempts."""

    def __init__(self, name: str, sender: Sends, *, limit: int = QUEUE_BYTES, pace: float = 1.0) -> None:
        self.name = name
        self._sender = sender
        self._limit = limit
        self._pace = pace
        self._waiting: deque[tuple[Span, int]] = deque()
        self._bytes = 0
        self._batch = BATCH
        self._counters = Counters()
        self._changed = threading.Condition()
        self._in_flight = 0
        self._sending: list[tuple[Span, int]] = []
        self._dropped_since: int | None = None
        self._give_up_at: float | None = None
        self._abandoned = False
        self._thread = threading.Thread(target=self._run, name=f"claude-lens-{name}", daemon=True)
        self._thread.start()

    def put(self, spans: Iterable[Span]) -> None:
        """Take spans; the oldest that wait make room for them."""
        with self._changed:
            for span in spans:
                size = span.size
                self._waiting.append((span, size))
                self._bytes += size
            self._make_room()
            self._changed.notify_all()

    def status(self) -> dict[str, int | str | None]:
        """The counters, and how many spans and bytes wait."""
        with self._changed:
            now = self._counters
            return {
                "sent": now.sent,
                "refused": now.refused,
                "dropped": now.dropped,
                "failures": now.failures,
                "problem": now.problem,
                "queued": len(self._waiting) + self._in_flight,
                "queued_bytes": self._bytes,
            }

    @property
    def queued_bytes(self) -> int:
        """How much waits."""
        return self._bytes

    @property
    def oldest(self) -> float | None:
        """When the earliest span began that waits, is under way or was dropped (s); None where none is."""
        with self._changed:
            begun = [span.start_ns for span, _ in (*self._waiting, *self._sending)]
            begun += [self._dropped_since] if self._dropped_since is not None else []
        return min(begun) / 1e9 if begun else None

    def drained(self, timeout: float) -> bool:
        """Wait until nothing waits (True) or ``timeout`` seconds have passed (False)."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._in_flight, timeout)

    def close(self, timeout: float = 5.0) -> int:
        """Send what waits, for at most ``timeout`` seconds; what is left is counted as dropped, and told."""
        with self._changed:
            self._give_up_at = time.monotonic() + timeout
            self._changed.notify_all()
        self._thread.join(timeout)
        with self._changed:
            # What is under way still has no answer, and nobody will hear one.
            left = [*self._sending, *self._waiting]
            self._counters.dropped += len(left)
            for span, _ in left:
                self._dropped_since = min(self._dropped_since or span.start_ns, span.start_ns)
            self._waiting.clear()
            self._bytes, self._in_flight, self._sending = 0, 0, []
            self._abandoned = self._thread.is_alive()
        if not self._thread.is_alive():
            self._sender.close()
        return len(left)

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while (batch := self._take()) is not None:
            last_chance = self._give_up_at is not None
            attempt = self._sender.send([span for span, _ in batch])
            if self._settle(batch, attempt):
                pause = FIRST_PAUSE
            elif last_chance:
                # A backend that is only restarting is back within the time that is left.
                time.sleep(LAST_PAUSE * self._pace)
            else:
                asked = min(attempt.retry_after or 0.0, LONGEST_ASKED)
                with self._changed:
                    self._changed.wait_for(
                        lambda: self._give_up_at is not None, max(pause, asked) * self._pace
                    )
                pause = min(pause * 2, LONGEST_PAUSE)

    def _take(self) -> list[tuple[Span, int]] | None:
        """The next batch; None once the queue is closed and empty, or its time is up."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._give_up_at is not None)
            late = self._give_up_at is not None and time.monotonic() >= self._give_up_at
            if not self._waiting or late:
                return None
            batch = [self._waiting.popleft() for _ in range(min(self._batch, len(self._waiting)))]
            self._bytes -= sum(size for _, size in batch)
            self._in_flight, self._sending = len(batch), batch
            return batch

    def _settle(self, batch: list[tuple[Span, int]], attempt: Attempt) -> bool:
        """Account for an attempt; False where it is to be made again after a pause."""
        with self._changed:
            if self._abandoned:
                return True
            counters = self._counters
            counters.problem = attempt.problem
            counters.failures += not attempt.ok
            smaller = attempt.too_large and len(batch) > 1
            if attempt.ok:
                counters.sent += len(batch) - attempt.rejected
                counters.refused += attempt.rejected
            elif smaller or attempt.retryable:
                self._batch = max(1, len(batch) // 2) if smaller else self._batch
                self._waiting.extendleft(reversed(batch))
                self._bytes += sum(size for _, size in batch)
                self._make_room()
            else:
                counters.refused += len(batch)
            self._in_flight, self._sending = 0, []
            self._changed.notify_all()
            return attempt.ok or smaller or not attempt.retryable

    def _make_room(self) -> None:
        while self._bytes > self._limit and self._waiting:
            span, size = self._waiting.popleft()
            self._bytes -= size
            self._counters.dropped += 1
            self._dropped_since = min(self._dropped_since or span.start_ns, span.start_ns)
