"""What is in flight is looked at from another thread, and told when it is new."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from claude_lens.recorder.pulse import FIRST_BYTES, Beats, Pulse
from tests.wire.test_growing import delta


@dataclass
class Flying:
    id: str
    chunks: list[bytes] = field(default_factory=list)
    last_at: float | None = None
    ttfb_ms: float | None = None
    ttft_ms: float | None = None
    ended: bool = False

    def elapsed_ms(self) -> float:
        return 777.0

    def passed(self, chunk: bytes, first: float | None = None) -> None:
        self.chunks.append(chunk)
        self.last_at, self.ttfb_ms, self.ttft_ms = time.time(), self.ttfb_ms or 5.0, self.ttft_ms or first


class Heard:
    """What a pulse told, all of it."""

    def __init__(self) -> None:
        self.beats: list[Beats] = []
        self._news = threading.Condition()
        self.pulse = Pulse(self._take, every=0.01)

    def _take(self, beats: Beats) -> None:
        with self._news:
            self.beats.append(beats)
            self._news.notify_all()

    def next(self) -> Beats:
        """The next beats."""
        with self._news:
            assert self._news.wait_for(lambda: bool(self.beats), 20)
            return self.beats.pop(0)


def test_what_is_new_is_told_once() -> None:
    heard = Heard()
    one, other = Flying("one"), Flying("other")
    heard.pulse.watch(one)
    heard.pulse.watch(other)
    one.passed(delta("text_delta", "text", "a" * 40), 6.0)
    beat = heard.next()["one"]
    assert (beat.ttfb_ms, beat.ttft_ms, beat.tokens, beat.bytes) == (5.0, 6.0, 10, len(one.chunks[0]))
    other.passed(b"x")
    assert set(heard.next()) == {"other"}
    one.ended = True
    one.passed(b"late")
    other.passed(b"y")
    assert set(heard.next()) == {"other"}
    assert heard.beats == []
    heard.pulse.close()


def test_what_nobody_can_read_has_begun_once_there_is_enough_of_it() -> None:
    heard = Heard()
    one = Flying("one")
    heard.pulse.watch(one)
    one.passed(b"\xff" * 10)
    assert heard.next()["one"].ttft_ms is None
    one.passed(b"\xff" * FIRST_BYTES)
    assert heard.next()["one"].ttft_ms == 777.0
    heard.pulse.close()


def test_nothing_runs_before_the_first_and_after_the_end() -> None:
    before = threading.active_count()
    pulse = Pulse(lambda _: None, every=0.01)
    assert threading.active_count() == before
    pulse.close()
    pulse.watch(Flying("late"))
    assert threading.active_count() == before
