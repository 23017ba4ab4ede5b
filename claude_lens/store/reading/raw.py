"""Event streams as clients got them, byte for byte; or why one is not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, select

from claude_lens import exact
from claude_lens.errors import NotFound, StoreError
from claude_lens.exchange import GONE, Response
from claude_lens.store import content
from claude_lens.store import streams as packing
from claude_lens.store.rows import known_of
from claude_lens.store.schema import contents, exchanges, payloads, streams

_CHUNK: Final = 900
_MARK: Final = b"[redacted:"
_RUNNING: Final = "the answer is still running"
_NO_BODIES: Final = "no bodies are kept of it"
_NOTHING: Final = "nothing was answered"
_NO_STREAM: Final = "the answer was no event stream"
_LEFT_OUT: Final = "CLAUDE_LENS_STREAMS was off, or it came from an earlier version or another source"


@dataclass(frozen=True, slots=True)
class Raw:
    """A stream's bytes; or None, and in half a sentence why."""

    body: bytes | None
    why: str = ""


def raw(connection: Connection, exchange_id: str) -> Raw:
    """The stream of the exchange with this whole id. Raises :class:`NotFound`, :class:`StoreError`."""
    columns = (exchanges.c.status, payloads.c.response_headers, payloads.c.response_raw)
    query = (
        select(exchanges.c.id, payloads.c.exchange, *columns, streams.c.codec, streams.c.data)
        .select_from(exchanges.outerjoin(payloads).outerjoin(streams, streams.c.exchange == exchanges.c.id))
        .where(exchanges.c.exchange_id == exchange_id)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"no exchange with the id {exchange_id!r}")
    if row.data is not None:
        return Raw(streams_of(connection, [row.id])[row.id])
    if row.codec is not None:
        return Raw(None, packing.WHY.get(row.codec, "a newer version left it out"))
    if row.status == "running":
        return Raw(None, _RUNNING)
    if row.exchange is None:
        return Raw(None, _NO_BODIES)
    if row.response_headers is None:
        return Raw(None, _NOTHING)
    return _bare(connection, row)


def _bare(connection: Connection, row: Any) -> Raw:
    """A stream that stands for no message is kept as it came, like every body that is no JSON."""
    query = select(contents.c.codec, contents.c.data).where(contents.c.id == row.response_raw)
    found = connection.execute(query).one_or_none()
    try:
        body = content.unpack(found.codec, found.data) if found else b""
        pairs = exact.load(content.unpack_blob(row.response_headers))
    except ValueError as error:
        raise StoreError(f"the answer is damaged ({error}); run lensctl verify") from error
    headers = tuple((str(name), str(value)) for name, value in pairs)
    if body and packing.is_stream(Response(headers=headers, body=body)):
        return Raw(None, packing.WHY[packing.REDACTED]) if _MARK in body or body == GONE else Raw(body)
    streamed = not body and packing.kind_of(headers) == packing.EVENT_STREAM
    return Raw(None, _LEFT_OUT if streamed else _NO_STREAM)


def packed(*where: Any) -> Select[Any]:
    """Kept streams with what they are packed against; ``where`` is about ``streams``."""
    message = contents.alias("message")
    columns = (streams.c.exchange, streams.c.codec, streams.c.size, streams.c.data, payloads.c.response_rest)
    about = (exchanges.c.exchange_id, exchanges.c.endpoint, exchanges.c.error)
    return (
        select(*columns, *about, message.c.codec.label("message_codec"), message.c.data.label("message_data"))
        .select_from(
            streams.outerjoin(exchanges, exchanges.c.id == streams.c.exchange)
            .outerjoin(payloads, payloads.c.exchange == streams.c.exchange)
            .outerjoin(message, message.c.id == payloads.c.response_message)
        )
        .where(streams.c.data.is_not(None), *where)
    )


def opened(row: Any) -> tuple[bytes, bytes | None]:
    """A stream and its message's content, of a row of :func:`packed`. Raises ``ValueError`` for damage."""
    message = None if row.message_data is None else content.unpack(row.message_codec, row.message_data)
    body = packing.unpack(row.codec, row.data, known_of(row.response_rest, message))
    if len(body) != row.size:
        raise ValueError("its size is another")
    return body, message


def streams_of(connection: Connection, keys: Sequence[int]) -> dict[int, bytes]:
    """The streams that are kept of these rows of ``exchanges``. Raises :class:`StoreError` for damage."""
    found: dict[int, bytes] = {}
    for start in range(0, len(keys), _CHUNK):
        for row in connection.execute(packed(streams.c.exchange.in_(keys[start : start + _CHUNK]))):
            try:
                found[row.exchange] = opened(row)[0]
            except ValueError as error:
                raise StoreError(f"a stream is damaged ({error}); run lensctl verify") from error
    return found
