"""Exports as earlier versions wrote them: every exchange whole in its line."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from claude_lens import exact
from claude_lens.exchange import Exchange, Request, Response
from claude_lens.store.reading.queries import Reader
from claude_lens.store.streams import is_stream
from claude_lens.store.transfer.exporting import session_exchanges


def lines_of_version_1(reader: Reader, session: str) -> Iterator[bytes]:
    """The lines of a session."""
    facts = reader.session(session)
    about = {"session": facts["id"], "title": facts["title"], "tags": facts["tags"]}
    yield exact.dump({"claude-lens": 1, **about}) + b"\n"
    for one in session_exchanges(reader, facts["id"], streams=True):
        yield exact.dump(_plain(one)) + b"\n"


def _plain(exchange: Exchange) -> dict[str, Any]:
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
