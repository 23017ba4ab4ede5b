"""A session as JSON lines, version 2: each content once, as small as the store keeps it.

The first line is ``{"claude-lens": 2, "session": …, "title": …, "tags": […]}``. Of the others, as needed:

- ``{"content": N, "json": …}``: a piece of content; ``"text"`` or ``"base64"`` where it is bytes that were no
  JSON object;
- ``{"step": N, "after": M, "content": C}``: the list ``M`` (0 is the empty one) with one more content;
- an exchange: the fields of :class:`~claude_lens.exchange.Exchange` by name. Its request has ``headers``,
  ``params`` and ``raw`` as numbers of contents, and ``system``, ``tools``, ``messages`` as numbers of lists,
  which stand where ``params`` has nulls; ``shape`` is ``[marks, single]`` of ``chain.Parts``. Its response
  has ``message``, which stands in ``rest``, or ``raw``, and the event ``stream`` as ``streams.pack`` made it.

Numbers count from 1 in the order of the lines, so that the same session is the same file from every store.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from claude_lens import exact
from claude_lens.errors import StoreError
from claude_lens.exchange import Exchange
from claude_lens.store import chain, content
from claude_lens.store.reading.restore import bare
from claude_lens.store.schema import ROOT_NODE, contents, nodes, payloads, streams

_PIECES: Final = ("params", "request_raw", "response_message", "response_raw")


class Lines:
    """Writes exchanges of one read; what was written is known by its number."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._contents: dict[int, int] = {}
        self._headers: dict[bytes, int] = {}
        self._steps: dict[int, int] = {ROOT_NODE: 0}
        self._count = 0

    def of(self, keys: Sequence[int]) -> Iterator[bytes]:
        """The lines of these rows of ``exchanges``, each with its end, in order of time.

        Raises :class:`StoreError` for damage.
        """
        query = select(payloads).where(payloads.c.exchange.in_(keys))
        bodies = {row.exchange: row for row in self._connection.execute(query)}
        kept = select(streams).where(streams.c.exchange.in_(keys), streams.c.data.is_not(None))
        packed = {row.exchange: row for row in self._connection.execute(kept)}
        for key, exchange in bare(self._connection, keys):
            try:
                yield from self._exchange(exchange, bodies.get(key), packed.get(key))
            except (KeyError, ValueError) as error:
                raise StoreError(
                    f"exchange {exchange.id} is damaged ({error}); run lensctl verify"
                ) from error

    def _exchange(
        self, exchange: Exchange, body: Row[Any] | None, packed: Row[Any] | None
    ) -> Iterator[bytes]:
        value = asdict(exchange)
        if body is None:
            value["request"] = {"headers": [], "query": ""}
            yield exact.dump(value) + b"\n"
            return
        pieces: dict[str, int | None] = {}
        for name in _PIECES:
            key = getattr(body, name)
            if key is not None:
                yield from self._content(key, exactly=name.endswith("_raw"))
            pieces[name] = self._contents.get(key)
        lists: dict[str, int] = {}
        places = {} if body.params is None else exact.load(self._bytes(body.params))
        for name in chain.LISTS:
            tip = getattr(body, name)
            if tip is not None and name in places:
                yield from self._chain(tip)
                lists[name] = self._steps[tip]
        yield from self._header_lines(body.request_headers)
        yield from self._header_lines(body.response_headers)
        request = {
            "headers": self._headers.get(body.request_headers),
            "query": body.query or "",
            "params": pieces["params"],
            "raw": pieces["request_raw"],
            **lists,
        }
        if body.shape:
            request["shape"] = exact.load(content.unpack_blob(body.shape))
        value["request"] = {name: one for name, one in request.items() if one is not None}
        value["response"] = None if body.response_headers is None else self._answer(body, pieces, packed)
        yield exact.dump(value) + b"\n"

    def _answer(self, body: Row[Any], pieces: dict[str, int | None], packed: Row[Any] | None) -> Any:
        found: dict[str, Any] = {
            "headers": self._headers[body.response_headers],
            "message": pieces["response_message"],
            "raw": pieces["response_raw"],
        }
        if body.response_rest:
            found["rest"] = exact.load(content.unpack_blob(body.response_rest))
        if packed is not None:
            found["stream"] = {
                "codec": packed.codec,
                "size": packed.size,
                "data": b64encode(packed.data).decode(),
            }
        return {name: one for name, one in found.items() if one is not None}

    def _header_lines(self, blob: bytes | None) -> Iterator[bytes]:
        if blob is not None and blob not in self._headers:
            self._count += 1
            self._headers[blob] = self._count
            yield b'{"content":%d,"json":%b}\n' % (self._count, content.unpack_blob(blob))

    def _chain(self, tip: int) -> Iterator[bytes]:
        """The steps up to ``tip`` that were not written yet, the first ones first."""
        missing: list[tuple[int, int, int]] = []
        while tip not in self._steps:
            query = select(nodes.c.parent_id, nodes.c.content_id).where(nodes.c.id == tip)
            parent, piece = self._connection.execute(query).one_or_none() or (None, None)
            if parent is None or piece is None:
                raise ValueError(f"step {tip} is missing")
            missing.append((tip, parent, piece))
            tip = parent
        for node, parent, piece in reversed(missing):
            yield from self._content(piece)
            self._steps[node] = len(self._steps)
            line = (self._steps[node], self._steps[parent], self._contents[piece])
            yield b'{"step":%d,"after":%d,"content":%d}\n' % line

    def _content(self, key: int, *, exactly: bool = False) -> Iterator[bytes]:
        """The line of a content; ``exactly``: as its very bytes, whatever they say."""
        if key in self._contents:
            return
        self._count += 1
        self._contents[key] = self._count
        raw = self._bytes(key)
        # A line is a line; white space in JSON comes from somebody else.
        is_line = not exactly and b"\n" not in raw and b"\r" not in raw
        said = b'"json":' + raw.strip() if is_line else exact.dump(_text_of(raw))[1:-1]
        yield b'{"content":%d,%b}\n' % (self._count, said)

    def _bytes(self, key: int) -> bytes:
        query = select(contents.c.codec, contents.c.data).where(contents.c.id == key)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise ValueError(f"content {key} is missing")
        return content.unpack(row.codec, row.data)


def _text_of(raw: bytes) -> dict[str, str]:
    try:
        return {"text": raw.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(raw).decode()}
