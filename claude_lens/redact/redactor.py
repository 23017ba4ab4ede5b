"""Secrets out of what is kept: whatever shows that it is one becomes ``[redacted:kind:fingerprint]``.

The fingerprint is the first 8 hex digits of the secret's SHA-256, so that one secret has one mark wherever it
stands. What is found, and how, say :mod:`claude_lens.redact.kinds` and :mod:`claude_lens.redact.names`.
Bodies without secrets are returned as they are.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from json import loads
from typing import Any, Final, TypeVar

from claude_lens import exact
from claude_lens.exchange import GONE, Agent, Exchange, Headers, Identity, Model, Request, Response
from claude_lens.redact import names
from claude_lens.redact.finder import Finder, colours, said
from claude_lens.redact.marks import MARK, mark
from claude_lens.redact.names import Found

# A string of JSON, and what follows a key or the name of a pair.
_LITERAL: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_TO_VALUE: Final = re.compile(rb'\s{0,8}(?::|,\s{0,40}"[vV]alue"\s{0,8}:)\s{0,8}(?=")')
_TO_NEXT: Final = re.compile(rb'\s{0,8},\s{0,40}(?=")')
_SHORTEST: Final = 5
_SHORT: Final = 200
_REMEMBERED: Final = 4096

Told = TypeVar("Told", Agent, Identity, Model)


class Redactor:
    """Finds and replaces secrets: of the table, by their names unless ``by_name`` is False, the user's own.

    ``patterns``: kind and expression.
    """

    def __init__(self, patterns: Sequence[tuple[str, re.Pattern[str]]] = (), *, by_name: bool = True) -> None:
        self._finder = _finder(by_name)
        self._by_name = by_name
        self._own = tuple(patterns)
        self._short = lru_cache(_REMEMBERED)(self._text)

    def text(self, value: str) -> str:
        """``value`` with its secrets replaced; ``value`` itself where there are none."""
        # Headers and names are the same from request to request.
        new = self._short(value) if len(value) <= _SHORT else self._text(value)
        return value if new == value else new

    def _text(self, value: str) -> str:
        if len(value) >= _SHORTEST and (found := self._finder.places(value)):
            value = _marked(value, found)
        for kind, pattern in self._own:
            value = pattern.sub(lambda match, kind=kind: _own(kind, match), value)  # type: ignore[misc]
        return value

    def may_hold(self, body: bytes) -> bool:
        """Whether a JSON text may hold secrets; where not, none of its strings does."""
        return bool(self._own) or bool(self._finder.hits(body))

    def json(self, body: bytes) -> bytes:
        """A JSON text with the secrets in its strings and keys replaced, and every other byte as it was.

        Only strings that hold something telling are read. Where nothing is replaced, ``body`` itself.
        """
        hits = [] if self._own else self._finder.hits(body)
        if not (hits or self._own):
            return body
        pieces: list[bytes] = []
        done = number = 0
        name: str | None = None
        due = -1
        for match in _LITERAL.finditer(body):
            start, end = match.span()
            while number < len(hits) and hits[number][1] <= start:
                number += 1
            telling = bool(self._own) or (number < len(hits) and hits[number][0] < end)
            if not telling and start != due:
                if number == len(hits) and start > due:
                    break
                continue
            value = _read(match[0])
            if value is None:
                continue
            new = self.text(value) if telling else value
            if start == due and new == value and name is not None:
                new = value if MARK in value else _marked(value, names.named(name, value))
            due, name = self._next(body, end, value) if telling else (-1, None)
            if new != value:
                pieces += [body[done:start], exact.dump(new)]
                done = end
        return b"".join((*pieces, body[done:])) if pieces else body

    def _next(self, body: bytes, end: int, value: str) -> tuple[int, str | None]:
        """Where the string begins whose name is ``value``, a string that ends at ``end``; else -1."""
        if not self._by_name or len(value) > 100:
            return -1, None
        to = _TO_VALUE.match(body, end)
        if to is None and value.startswith("-"):
            to = _TO_NEXT.match(body, end)
        return (to.end(), value) if to else (-1, None)

    def value(self, value: Any) -> Any:
        """A JSON value with the secrets in its strings and keys replaced; itself where there are none.

        Raises ``RecursionError`` where it nests too deeply to be written.
        """
        if isinstance(value, str):
            return self.text(value)
        written = exact.dump(value)
        new = self.json(written)
        return value if new is written else exact.load(new)

    def exchange(self, exchange: Exchange) -> Exchange:
        """The exchange without secrets in bodies, headers, names and error; itself where it has none."""
        return self.ended(self.arrived(exchange))

    def arrived(self, exchange: Exchange, *, clean: bool = False) -> Exchange:
        """The exchange without secrets in its request and in what it says about who asks for what.

        ``clean``: there are none in its body any more.
        """
        request = self._request(exchange.request, clean)
        identity, model = self._named(exchange.identity), self._named(exchange.model)
        if request is exchange.request and identity is exchange.identity and model is exchange.model:
            return exchange
        return dataclasses.replace(exchange, request=request, identity=identity, model=model)

    def ended(self, exchange: Exchange) -> Exchange:
        """The exchange without secrets in its answer and error."""
        response = exchange.response and self._response(exchange.response)
        error = exchange.error and self.text(exchange.error)
        identity, model = self._named(exchange.identity), self._named(exchange.model)
        if (
            error is not exchange.error
            and response
            and response.json is not None
            and not _is_json(response.body)
        ):
            # What the error says stands in the stream too, perhaps in other words.
            response = dataclasses.replace(response, body=GONE)
        if (
            response is exchange.response
            and error is exchange.error
            and identity is exchange.identity
            and model is exchange.model
        ):
            return exchange
        return dataclasses.replace(exchange, response=response, error=error, identity=identity, model=model)

    def _named(self, told: Told) -> Told:
        """``told`` (of a session, a model, an agent) without secrets in its texts."""
        changed = {}
        for field in dataclasses.fields(told):
            value = new = getattr(told, field.name)
            if isinstance(value, str):
                new = self.text(value)
            elif isinstance(value, Agent):
                new = self._named(value)
            if new is not value:
                changed[field.name] = new
        return dataclasses.replace(told, **changed) if changed else told

    def _headers(self, headers: Headers) -> Headers:
        new = tuple((name, self.text(value)) for name, value in headers)
        return headers if all(a[1] is b[1] for a, b in zip(new, headers, strict=True)) else new

    def _request(self, request: Request, clean: bool) -> Request:
        body, json = (request.body, request.json) if clean else self._body(request.body, request.json)
        headers, query = self._headers(request.headers), self.text(request.query)
        if body is request.body and headers is request.headers and query is request.query:
            return request
        return dataclasses.replace(request, body=body, json=json, headers=headers, query=query)

    def _response(self, response: Response) -> Response:
        headers = self._headers(response.headers)
        if headers is not response.headers:
            response = dataclasses.replace(response, headers=headers)
        if response.json is None or _is_json(response.body):
            body, json = self._body(response.body, response.json)
            same = body is response.body
            return response if same else dataclasses.replace(response, body=body, json=json)
        # A secret in a stream may be cut into several events: only the folded message shows it whole.
        json = self._shallow(response.json)
        if json is response.json and self.raw(response.body) is response.body:
            return response
        return dataclasses.replace(response, body=GONE, json=json)

    def _body(self, body: bytes, json: Mapping[str, Any] | None) -> tuple[bytes, Mapping[str, Any] | None]:
        if not _is_json(body):
            new = self._shallow(json)
            if json is not None and new is not json:
                return exact.dump(new) if new is not None else GONE, new
            return (self.raw(body) if body and json is None else body), json
        # Not made anew from the value, which does not say all that a text may say.
        text = self.json(body)
        if json is None:
            return self.raw(text), None
        return (body, json) if text is body else (text, exact.load(text))

    def _shallow(self, json: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """``json`` without secrets; None where it has some, deeper down than :meth:`value` reaches."""
        try:
            found: Mapping[str, Any] | None = self.value(json)
        except RecursionError:
            return None if any(self.text(text) != text for text in exact.strings(json)) else json
        return found

    def raw(self, body: bytes) -> bytes:
        """Bytes that are no JSON, as text of single bytes: no secret has other characters."""
        if not self.may_hold(body):
            return body
        text = body.decode("latin-1")
        new = self.text(text)
        return body if new == text else new.encode("latin-1", "replace")


@cache
def _finder(by_name: bool) -> Finder:
    return Finder(by_name=by_name)


def _marked(text: str, found: Sequence[Found]) -> str:
    """``text`` with marks for what was found in it; the colours that divide a secret stay."""
    pieces, end = [], 0
    for start, stop, kind in found:
        secret = text[start:stop]
        pieces += [text[end:start], mark(kind, said(secret)), colours(secret)]
        end = stop
    return "".join((*pieces, text[end:])) if found else text


def _read(literal: bytes) -> str | None:
    try:
        value = loads(literal.decode(), strict=False)
    except ValueError:
        return None
    return value if isinstance(value, str) else None


def _own(kind: str, match: re.Match[str]) -> str:
    if not match[0] or match[0].startswith(MARK):
        return match[0]
    group = "s" if "s" in match.re.groupindex else 0
    start, end = match.span(group)
    whole_start = match.start()
    return match[0][: start - whole_start] + mark(kind, match[group]) + match[0][end - whole_start :]


def _is_json(body: bytes) -> bool:
    return body[:1] in (b"{", b"[") or body.lstrip()[:1] in (b"{", b"[")
