"""Today: who is at work and who waits, what ended since one last looked, what the day cost, what was lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from threading import Lock
from typing import Any, Final
from weakref import WeakKeyDictionary

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import page, render
from claude_lens.happened import visits
from claude_lens.happened.states import iso
from claude_lens.store.happened import today as day
from claude_lens.store.numbers.plan import standing
from claude_lens.store.reading.queries import Reader

LOOK_EVERY: Final = 0.3
"""Seconds between two looks at what goes on, for everybody who watches."""
USUAL_FOR: Final = 600.0
"""Seconds for which what a usual day costs is remembered: days that are over hardly change."""
SILENCE: Final = 15.0


class _Remembered:
    """What goes on, as it was a moment ago, and what a usual day costs: one look for all who watch."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._looked, self._shown = 0.0, ""
        self._usual: tuple[float, float, float | None] = (0.0, 0.0, None)

    def shown(self, reader: Reader) -> str:
        """The sessions that are at work or wait, as HTML."""
        with self._lock:
            if time.monotonic() - self._looked > LOOK_EVERY * 0.8:
                self._shown = render("today/now.html", **day.going_on(reader))
                self._looked = time.monotonic()
            return self._shown

    def usual(self, reader: Reader, begin: float) -> float | None:
        """What a usual day costs, for the day that begins then."""
        with self._lock:
            at, of, usd = self._usual
            if of != begin or time.monotonic() - at > USUAL_FOR:
                with reader.connect() as connection:
                    usd = day.usual_cost(connection, begin)
                self._usual = (time.monotonic(), begin, usd)
            return usd


_remembered: WeakKeyDictionary[Reader, _Remembered] = WeakKeyDictionary()


def _of(reader: Reader) -> _Remembered:
    return _remembered.setdefault(reader, _Remembered())


def today(request: Request) -> Response:
    """The page; what has to be worked out is asked for once it is there."""
    lens: Lens = request.app.state.lens
    now = time.time()
    begin = day.midnight(now)
    usual = _of(lens.reader).usual(lens.reader, begin)
    with lens.reader.connect() as connection:
        cost, windows = day.spent(connection, begin), standing(connection, now)
    return page(
        "today.html",
        here="today",
        token=lens.access.token(request.scope["cookie"]),
        shown=_of(lens.reader).shown(lens.reader),
        cost=cost,
        usual=usual,
        windows=windows,
    )


async def events(request: Request) -> Response:
    """Server-sent ``now``: who is at work and who waits, whenever that changes."""
    lens: Lens = request.app.state.lens
    return StreamingResponse(
        _changes(lens), media_type="text/event-stream", headers={"cache-control": "no-store"}
    )


async def _changes(lens: Lens) -> AsyncIterator[bytes]:
    yield b"retry: 1000\n\n"
    known, told = "", time.monotonic()
    while not lens.feed.closed:
        shown = await asyncio.to_thread(_of(lens.reader).shown, lens.reader)
        if shown != known:
            known, told = shown, time.monotonic()
            lines = "".join(f"data: {line}\n" for line in shown.split("\n"))
            yield f"event: now\n{lines}\n".encode("utf-8", "replace")
        elif time.monotonic() - told > SILENCE:
            told = time.monotonic()
            yield b": still here\n\n"
        await asyncio.sleep(LOOK_EVERY)


def since(request: Request) -> Response:
    """What ended since one last looked, what was lost today, and the dearest sessions."""
    lens: Lens = request.app.state.lens
    now = time.time()
    last = visits.look(lens.settings.home, now)
    found: dict[str, Any] = dict(day.today(lens.reader, last, now))
    return HTMLResponse(
        render("today/since.html", found=found, first=last is None, at=iso(now)).encode("utf-8", "replace")
    )


routes = [Route("/", today), Route("/today/events", events), Route("/today/since", since)]
