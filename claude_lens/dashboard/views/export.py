"""A session to take away: for other programs, for a browser's network panel, for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import session_id
from claude_lens.errors import NotFound
from claude_lens.store.reading.queries import Reader
from claude_lens.store.transfer import exporting, pages

Maker = Callable[[Reader, str], Iterator[bytes]]


def export(request: Request) -> Response:
    """The session in one of :data:`FORMATS`, as a file."""
    lens: Lens = request.app.state.lens
    kind = request.path_params["kind"]
    if kind not in FORMATS:
        raise NotFound(f"no format {kind!r}: expected one of {', '.join(FORMATS)}")
    ident = lens.reader.session(session_id(request.path_params["session"]))["id"]
    media_type, make = FORMATS[kind]
    name = re.sub(r"[^A-Za-z0-9_-]", "_", ident)[:60]
    headers = {
        "content-disposition": f'attachment; filename="claude-lens-{name}.{kind}"',
        # Whoever makes a browser show it in place gets a page without powers.
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "no-store",
    }
    return StreamingResponse(make(lens.reader, ident), media_type=media_type, headers=headers)


def _markdown(reader: Reader, session: str) -> Iterator[bytes]:
    return (text.encode("utf-8", "replace") for text in pages.markdown(reader, session))


def _page(reader: Reader, session: str) -> Iterator[bytes]:
    return (text.encode("utf-8", "replace") for text in pages.page(reader, session))


FORMATS: Final[dict[str, tuple[str, Maker]]] = {
    "jsonl": ("application/x-ndjson", exporting.jsonl),
    "har": ("application/json", exporting.har),
    "md": ("text/markdown; charset=utf-8", _markdown),
    "html": ("text/html; charset=utf-8", _page),
}

routes = [Route("/sessions/{session}/export/{kind}", export)]
