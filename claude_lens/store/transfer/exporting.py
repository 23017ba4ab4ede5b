"""A session in forms that other programs read: JSON lines, HAR 1.2, Markdown, one HTML page.

JSON lines come back in with ``lensctl import``. The first line is ``{"claude-lens": 1, "session": …}``; every
other is an exchange in order of time: the fields of :class:`~claude_lens.exchange.Exchange` by name, with
``body`` as text (``{"base64": …}`` where it is none) only where ``json`` is null, and an answer's event
``stream`` the same way where it is kept.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from sqlalchemy import select

import claude_lens
from claude_lens import exact
from claude_lens.exchange import Exchange, Headers, Request, Response
from claude_lens.store.reading import forms
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.restore import restored
from claude_lens.store.schema import exchanges, sessions
from claude_lens.store.streams import is_stream

FORMAT: Final = "claude-lens"
VERSION: Final = 1
_CHUNK: Final = 100


def session_exchanges(reader: Reader, session: str, *, streams: bool = False) -> Iterator[Exchange]:
    """All exchanges of the session with this whole id, in order of time; ``streams`` as for ``restored``."""
    with reader.connect() as connection:
        query = (
            select(exchanges.c.id)
            .join(sessions, sessions.c.id == exchanges.c.session)
            .where(sessions.c.session_id == session)
            .order_by(exchanges.c.started_at, exchanges.c.exchange_id)
        )
        keys = [key for (key,) in connection.execute(query)]
        for start in range(0, len(keys), _CHUNK):
            part = exchanges.c.id.in_(keys[start : start + _CHUNK])
            yield from restored(connection, part, streams=streams)


def jsonl(reader: Reader, session: str) -> Iterator[bytes]:
    """The lines, each with its end."""
    facts = reader.session(session)
    about = {"session": facts["id"], "title": facts["title"], "tags": facts["tags"]}
    yield exact.dump({FORMAT: VERSION, **about}) + b"\n"
    for one in session_exchanges(reader, facts["id"], streams=True):
        yield exact.dump(plain(one)) + b"\n"


def plain(exchange: Exchange) -> dict[str, Any]:
    """An exchange as JSON."""
    bare = Request(headers=exchange.request.headers, query=exchange.request.query)
    found = asdict(replace(exchange, request=bare, response=None))
    found["request"] = {
        "headers": [list(pair) for pair in exchange.request.headers],
        "query": exchange.request.query,
        **_body(exchange.request),
    }
    answer = exchange.response
    if answer is not None:
        found["response"] = {"headers": [list(pair) for pair in answer.headers], **_body(answer)}
        if answer.json is not None and is_stream(answer):
            found["response"]["stream"] = _text_of(answer.body)
    return found


def _body(half: Request | Response) -> dict[str, Any]:
    if half.json is not None:
        return {"json": half.json}
    return {"json": None, "body": _text_of(half.body)}


def _text_of(body: bytes) -> str | dict[str, str]:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(body).decode()}


def har(reader: Reader, session: str) -> dict[str, Any]:
    """The session as an HTTP archive, for the network panel of a browser. A stream is its folded message."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": FORMAT, "version": claude_lens.__version__},
            "pages": [],
            "entries": [_entry(one) for one in session_exchanges(reader, reader.session(session)["id"])],
        }
    }


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


def dump_har(value: Mapping[str, Any]) -> bytes:
    """The archive as indented JSON; lone surrogates are escaped."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2)
    except orjson.JSONEncodeError:
        return exact.dump(value)
