"""The event stream of an answer as the client got it, an event a row, a screenful at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import page
from claude_lens.errors import NotFound
from claude_lens.store.reading.raw import Raw, raw

SHOWN: Final = 50
"""Events that are loaded at a time."""

MOST_TEXT: Final = 4_000
"""Characters that are shown of an event."""

_BREAK: Final = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2}")


@dataclass(frozen=True, slots=True)
class Event:
    """What stands between two blank lines: its place and size in bytes, its lines, characters left out."""

    number: int
    start: int
    size: int
    text: str
    left: int


def stream(request: Request) -> Response:
    """The events from ``from`` on, the first of them with a head; or why there are none."""
    found, _ = _found(request)
    first = request.query_params.get("from", "")
    start = int(first) if first.isascii() and first.isdigit() and len(first) < 9 else 0
    shown = list(islice(events(found.body or b"", start), SHOWN))
    count = sum(1 for _ in _places(found.body or b""))
    following = start + len(shown)
    return page(
        "stream.html",
        ident=request.path_params["exchange"],
        events=shown,
        first=start == 0,
        following=following,
        left=count - following if shown else 0,
        step=min(SHOWN, count - following),
        count=count,
        size=len(found.body or b""),
        why=found.why,
    )


def download(request: Request) -> Response:
    """Every byte, as a file. 404 where none is kept, with the reason."""
    found, name = _found(request)
    if found.body is None:
        raise NotFound(f"no raw stream is kept: {found.why}")
    file = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:60]
    headers = {
        "content-disposition": f'attachment; filename="claude-lens-{file}.sse"',
        # Whoever makes a browser show it in place gets a page without powers.
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "no-store",
    }
    return Response(found.body, media_type="text/event-stream", headers=headers)


def _found(request: Request) -> tuple[Raw, str]:
    lens: Lens = request.app.state.lens
    found = lens.reader.resolve(request.path_params["exchange"], "exchange")
    if found.kind != "exchange":
        raise NotFound(f"no exchange with the id {found.id!r}")
    with lens.reader.connect() as connection:
        return raw(connection, found.id), found.id


def events(body: bytes, first: int = 0) -> Iterator[Event]:
    """The events of a stream, whole or cut, from the ``first`` one on (counted from 0)."""
    for number, (start, end) in enumerate(islice(_places(body), first, None), first):
        # No character has more than four bytes: no more need be looked at.
        text = body[start : min(end, start + 4 * MOST_TEXT)].decode("utf-8", "replace")[:MOST_TEXT]
        whole = body[start:end].decode("utf-8", "replace") if end - start > len(text) else text
        yield Event(number, start, end - start, text, len(whole) - len(text))


def _places(body: bytes) -> Iterator[tuple[int, int]]:
    start = 0
    for found in _BREAK.finditer(body):
        if found.start() > start:
            yield start, found.start()
        start = found.end()
    if start < len(body):
        yield start, len(body)


routes = [
    Route("/exchanges/{exchange}/stream", stream),
    Route("/exchanges/{exchange}/stream.sse", download),
]
