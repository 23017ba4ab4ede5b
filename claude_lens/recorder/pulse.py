"""What is known of answers while they come, on its way to the recorder a few times a second.

Looks at the requests in flight from a thread of its own, so that the request path pays nothing. Nothing of
it goes through the spool: once an exchange has ended, its record says it all.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from claude_lens.wire.growing import Growing

EVERY: Final = 0.25
"""Seconds between two looks at what is in flight."""
MOST: Final = 512
"""Exchanges that are looked at; more at once are known when they end."""
FIRST_BYTES: Final = 2048
"""Bytes of an answer that nobody can read after which it has begun to say something."""


class Flight(Protocol):
    """A request in flight, as far as is looked at here. ``last_at``: seconds since the epoch."""

    id: str
    chunks: list[bytes]
    last_at: float | None
    ttfb_ms: float | None
    ttft_ms: float | None
    ended: bool

    def elapsed_ms(self) -> float:
        """Milliseconds since the arrival."""


class Beat(NamedTuple):
    """What is known of an answer that comes: times as in an ending, the time of its last byte (seconds
    since the epoch), bytes and tokens (an estimate, see :class:`Growing`)."""

    ttfb_ms: float | None
    ttft_ms: float | None
    last_at: float | None
    bytes: int
    tokens: int


Beats = dict[str, Beat]


@dataclass(slots=True)
class _Watched:
    flight: Flight
    read: int = 0
    growing: Growing = field(default_factory=Growing)
    told: Beat | None = None

    def look(self) -> Beat | None:
        """What is new since the last look; None where nothing is."""
        flight = self.flight
        chunks = flight.chunks
        for chunk in chunks[self.read :]:
            self.growing.add(chunk)
        self.read = len(chunks)
        first = flight.ttft_ms
        if first is None and (self.growing.tokens or self._is_unreadable()):
            first = self.told.ttft_ms if self.told and self.told.ttft_ms else flight.elapsed_ms()
        beat = Beat(flight.ttfb_ms, first, flight.last_at, self.growing.bytes, self.growing.tokens)
        if beat == self.told or flight.ttfb_ms is None or flight.ended:
            return None
        self.told = beat
        return beat

    def _is_unreadable(self) -> bool:
        return self.growing.bytes > FIRST_BYTES and not self.growing.readable


class Pulse:
    """Watches flights until they end; ``send`` gets what is new, in the thread of the pulse."""

    def __init__(self, send: Callable[[Beats], None], every: float = EVERY) -> None:
        self._send, self._every = send, every
        self._new: queue.SimpleQueue[Flight | None] = queue.SimpleQueue()
        self._watched: list[_Watched] = []
        self._thread: threading.Thread | None = None
        self._closed = False

    def watch(self, flight: Flight) -> None:
        """Look at this one from now on; costs an append."""
        self._new.put(flight)
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="claude-lens-pulse", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._closed = True
        self._new.put(None)

    def _run(self) -> None:
        while not self._closed:
            self._take(wait=not self._watched)
            time.sleep(self._every)
            self._take(wait=False)
            if beats := self._beats(self._watched):
                self._send(beats)

    def _take(self, *, wait: bool) -> None:
        self._watched = [one for one in self._watched if not one.flight.ended]
        try:
            while (flight := self._new.get(block=wait)) is not None:
                wait = False
                if len(self._watched) < MOST:
                    self._watched.append(_Watched(flight))
        except queue.Empty:
            return

    @staticmethod
    def _beats(watched: Sequence[_Watched]) -> Beats:
        return {one.flight.id: beat for one in watched if (beat := one.look()) is not None}
