"""A session in forms that other programs read: JSON lines, HAR 1.2, Markdown, one HTML page.

JSON lines come back in with ``lensctl import``; ``lines.py`` says what they are. All is written piece by
piece: a session may be larger than memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from sqlalchemy import Connection, select

import claude_lens
from claude_lens import exact
from claude_lens.errors import UserError
from claude_lens.exchange import Exchange, Headers, Request, Response
from claude_lens.store.reading import forms
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.restore import restored
from claude_lens.store.schema import exchanges, sessions
from claude_lens.store.transfer.lines import Lines
from claude_lens.store.transfer.sizing import body_sizes

FORMAT: Final = "claude-lens"
VERSION: Final = 2
_CHUNK: Final = 20
_SIZED: Final = 500
# What an entry has beside the bodies, and what quoting JSON in JSON adds to these.
_ENTRY_BYTES: Final = 3000
_ESCAPED: Final = 1.1
_TURNS: Final = re.compile(r"(\d+)?(-)?(\d+)?")


@dataclass(frozen=True, slots=True)
class Cut:
    """Which exchanges of a session: from a moment on (seconds since the epoch), and the main agent's turns.

    ``turns`` counts from 1, both ends included; what subagents did meanwhile belongs to them.
    """

    since: float | None = None
    turns: tuple[int, int | None] | None = None


WHOLE: Final = Cut()


def turns(text: str) -> tuple[int, int | None]:
    """``3``, ``3-7``, ``3-`` or ``-7`` as first and last turn. Raises :class:`UserError`."""
    found = _TURNS.fullmatch(text.strip())
    first, dash, last = found.groups() if found else (None, None, None)
    start = int(first) if first else 1
    end = int(last) if last else None if dash else start
    if not (first or last) or start < 1 or (end is not None and end < start):
        raise UserError(f"{text!r} names no turns: expected 3, 3-7, 3- or -7, counted from 1")
    return start, end


def chosen(connection: Connection, session: str, cut: Cut = WHOLE) -> list[int]:
    """The keys of a session's exchanges, by its whole id, in order of time."""
    query = (
        select(exchanges.c.id, exchanges.c.started_at, exchanges.c.agent_id)
        .join(sessions, sessions.c.id == exchanges.c.session)
        .where(sessions.c.session_id == session)
        .order_by(exchanges.c.started_at, exchanges.c.exchange_id)
    )
    rows = connection.execute(query).all()
    if cut.turns is not None:
        first, last = cut.turns
        main = [index for index, row in enumerate(rows) if row.agent_id is None]
        start = main[first - 1] if first <= len(main) else len(rows)
        rows = rows[start : main[last] if last is not None and last < len(main) else None]
    return [row.id for row in rows if cut.since is None or row.started_at >= cut.since]


def session_exchanges(
    reader: Reader, session: str, *, streams: bool = False, cut: Cut = WHOLE
) -> Iterator[Exchange]:
    """Exchanges of the session with this whole id, in order of time; ``streams`` as for ``restored``."""
    with reader.connect() as connection:
        keys = chosen(connection, session, cut)
        for start in range(0, len(keys), _CHUNK):
            part = exchanges.c.id.in_(keys[start : start + _CHUNK])
            yield from restored(connection, part, streams=streams)


def jsonl(reader: Reader, session: str, cut: Cut = WHOLE) -> Iterator[bytes]:
    """The lines, each with its end."""
    facts = reader.session(session)
    about = {"session": facts["id"], "title": facts["title"], "tags": facts["tags"]}
    yield exact.dump({FORMAT: VERSION, **about}) + b"\n"
    with reader.connect() as connection:
        keys = chosen(connection, facts["id"], cut)
        lines = Lines(connection)
        for start in range(0, len(keys), _CHUNK):
            yield from lines.of(keys[start : start + _CHUNK])


def har(reader: Reader, session: str, cut: Cut = WHOLE) -> Iterator[bytes]:
    """The session as an HTTP archive, for the network panel of a browser. A stream is its folded message."""
    about = {"version": "1.2", "creator": {"name": FORMAT, "version": claude_lens.__version__}, "pages": []}
    yield b'{"log":' + exact.dump(about)[:-1] + b',"entries":['
    for number, one in enumerate(session_exchanges(reader, reader.session(session)["id"], cut=cut)):
        yield (b",\n" if number else b"\n") + exact.dump(_entry(one))
    yield b"\n]}}\n"


def har_bytes(reader: Reader, session: str, cut: Cut = WHOLE) -> int:
    """About how many bytes the archive has: every request in it repeats the conversation before it."""
    with reader.connect() as connection:
        keys = chosen(connection, reader.session(session)["id"], cut)
        return sum(
            _ENTRY_BYTES + int(_ESCAPED * size)
            for start in range(0, len(keys), _SIZED)
            for size in body_sizes(connection, keys[start : start + _SIZED])
        )


def _entry(one: Exchange) -> dict[str, Any]:
    total = one.duration_ms or 0.0
    wait = min(one.ttfb_ms or 0.0, total)
    query = one.request.query
    agent = one.identity.agent
    return {
        "startedDateTime": forms.iso(one.started_at),
        "time": total,
        "request": {
            "method": "POST",
            "url": f"https://api.anthropic.com{one.endpoint}{'?' if query else ''}{query}",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _named(one.request.headers),
            "queryString": [{"name": name, "value": value} for name, value in parse_qsl(query, True)],
            "postData": {"mimeType": "application/json", "text": _text(one.request)},
            "headersSize": -1,
            "bodySize": len(_text(one.request).encode("utf-8", "replace")),
        },
        "response": _answer(one),
        "cache": {},
        "timings": {"send": 0, "wait": wait, "receive": total - wait},
        "comment": f"{agent.name or agent.type or 'main'}: {one.model.routed or one.model.requested}",
    }


def _answer(one: Exchange) -> dict[str, Any]:
    answer = one.response or Response()
    text = _text(answer) if one.response else ""
    return {
        "status": one.http_status or 0,
        "statusText": one.error or "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(answer.headers),
        "content": {
            "size": len(text.encode("utf-8", "replace")),
            "mimeType": "application/json",
            "text": text,
        },
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": -1,
    }


def _named(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _text(half: Request | Response) -> str:
    if half.json is not None:
        return exact.dump(half.json).decode()
    return half.body.decode("utf-8", "replace")
