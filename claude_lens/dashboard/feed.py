"""The live feed: one task looks into the store as soon as it is written to, for everybody who watches.

What tells is SQLite's write-ahead log: looking at its size and time costs next to nothing. Another database
is looked into at a steady pace.

An event is a number and what changed. The newest few thousand are kept, so that a browser that comes back
gets what it missed; one that was away for longer, or saw another process, starts anew (:data:`None`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from claude_lens.errors import StoreError
from claude_lens.store.reading import changes
from claude_lens.store.reading.queries import Reader

INTERVAL: Final = 0.15
"""Seconds between two looks, where nothing tells."""
STEP: Final = 0.02
"""Seconds between two glances at the log."""
PACE: Final = 0.06
"""Seconds that what happens in quick succession is collected for."""
KEPT: Final = 4000
IDLE_SECONDS: Final = 30.0
MOST_AT_ONCE: Final = 1000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """``number`` grows by one from event to event."""

    number: int
    row: changes.Row


class Feed:
    """Polls while somebody watches. Use within one event loop."""

    def __init__(self, reader: Reader, interval: float = INTERVAL, file: Path | None = None) -> None:
        """``file`` is the database's, if it is one."""
        self._reader, self._interval = reader, interval
        self._log = None if file is None else file.with_name(file.name + "-wal")
        self._epoch = secrets.token_hex(4)
        self._events: deque[Event] = deque(maxlen=KEPT)
        self._number = 0
        self._key = 0
        self._running: set[int] = set()
        self._watchers = 0
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._begun = asyncio.Event()
        self._closed = False

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return self._watchers

    def mark(self, number: int) -> str:
        """The name of an event that a browser gives back when it comes again."""
        return f"{self._epoch}.{number}"

    async def watch(self, after: str | None) -> AsyncIterator[list[Event] | None]:
        """Batches of events after the mark ``after``; None first where what was missed is not known.

        An empty batch comes every 15 seconds of silence, so that a dead connection is noticed.
        """
        self._watchers += 1
        try:
            await self._ready()
            number = self._place(after)
            if number is None:
                number = self._number
                yield None
            while not self._closed:
                news = self._news
                fresh = [event for event in self._events if event.number > number]
                if fresh:
                    # The ring moved on past a slow reader: what fell out of it is unknown.
                    if fresh[0].number > number + 1:
                        yield None
                    number = fresh[-1].number
                    yield fresh
                    continue
                try:
                    await asyncio.wait_for(news.wait(), 15)
                except TimeoutError:
                    yield []
        finally:
            self._watchers -= 1

    @property
    def closed(self) -> bool:
        """Whether all watching has to end."""
        return self._closed

    @property
    def now(self) -> str:
        """The mark of the newest event."""
        return self.mark(self._number)

    async def close(self) -> None:
        """End all watching."""
        self._closed = True
        self._wake()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def _place(self, after: str | None) -> int | None:
        epoch, _, text = (after or "").partition(".")
        if epoch != self._epoch or not text.isdigit():
            return None
        number = int(text)
        oldest = self._events[0].number if self._events else self._number + 1
        return number if oldest - 1 <= number <= self._number else None

    async def _ready(self) -> None:
        """Until the task runs and knows what was there before it."""
        if self._task is None:
            # Marks given out before a pause say nothing about what happened in it.
            self._epoch = secrets.token_hex(4)
            self._events.clear()
            self._begun = asyncio.Event()
            self._task = asyncio.create_task(self._poll(self._begun))
        await self._begun.wait()

    def _begin(self) -> None:
        with self._reader.connect() as connection:
            self._key = changes.top(connection)
            seen = changes.newest(connection, MOST_AT_ONCE)
            self._running = {row.key for row in seen if row.summary["status"] == "running"}

    async def _poll(self, ready: asyncio.Event) -> None:
        quiet, idle = False, 0.0
        stamp = self._stamp()
        try:
            await asyncio.to_thread(self._begin)
        except Exception as error:
            log.warning("%s", error, exc_info=not isinstance(error, StoreError))
            quiet = True
        finally:
            ready.set()
        while idle < IDLE_SECONDS:
            begun = time.monotonic()
            await self._pause(stamp)
            idle = 0.0 if self._watchers else idle + time.monotonic() - begun
            # Taken before the look: what is written meanwhile is seen by the next one.
            stamp = self._stamp()
            try:
                rows = await asyncio.to_thread(self._look)
                quiet = False
            except Exception as error:
                # Whatever went wrong with one look, the next one may work: everybody waits for it.
                if not quiet:
                    log.warning("%s", error, exc_info=not isinstance(error, StoreError))
                quiet = True
                continue
            for row in rows:
                self._number += 1
                self._events.append(Event(self._number, row))
            if rows:
                self._wake()
                await asyncio.sleep(min(PACE, self._interval))
        self._task = None

    async def _pause(self, stamp: tuple[int, int] | None) -> None:
        """Until something was written since ``stamp``, at most for the interval."""
        steps = 1 if self._log is None else max(1, round(self._interval / STEP))
        for _ in range(steps):
            if self._stamp() != stamp:
                return
            await asyncio.sleep(self._interval / steps)

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = None if self._log is None else self._log.stat()
        except OSError:
            return None
        return None if found is None else (found.st_size, found.st_mtime_ns)

    def _look(self) -> list[changes.Row]:
        with self._reader.connect() as connection:
            if changes.top(connection) < self._key:
                self._key = 0
            rows = changes.since(connection, self._key, sorted(self._running), MOST_AT_ONCE)
        for row in rows:
            self._key = max(self._key, row.key)
            if row.summary["status"] == "running":
                self._running.add(row.key)
            else:
                self._running.discard(row.key)
        return rows

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
