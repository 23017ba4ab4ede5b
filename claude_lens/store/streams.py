"""Event streams on disk: packed against the message that is stored anyway, so that they cost next to nothing.

A stream is cut into what is the same in all its deltas, what they say, and how much each says. What they say
is in the message, which serves zstd as dictionary; the rest repeats itself. Exact: :func:`pack` unpacks what
it made and compares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import zstandard

from claude_lens.exchange import GONE, Headers, Response
from claude_lens.store.framing import FRAMING
from claude_lens.wire import dialect, events

PLAIN: Final = 0
ZSTD: Final = 1
COLUMNS: Final = 2
REDACTED: Final = -1
TOO_LARGE: Final = -2
SCRUBBED: Final = -3

LIMIT: Final = 8 * 1024 * 1024
"""The most bytes of a stream that are kept."""

WHY: Final = {
    REDACTED: "it held something that looks like a secret",
    TOO_LARGE: f"it was larger than {LIMIT >> 20} MB",
    SCRUBBED: "lensctl scrub found something that looks like a secret in it",
}
"""Why there is no data, by codec."""

EVENT_STREAM: Final = "text/event-stream"
_LEVEL: Final = 6
_BREAK: Final = b"\n\n"
# No text in UTF-8 has these bytes; a stream that does is packed whole.
_COLUMN, _AGAIN, _HERE = b"\xfd", b"\xfe", b"\xff"
_RESERVED: Final = (_COLUMN, _AGAIN, _HERE)
_LONG: Final = 255


def is_stream(response: Response) -> bool:
    """Whether an answer's body is an event stream. One that came back as its JSON (an import) is none."""
    return bool(response.body) and events.is_stream(response.body, kind_of(response.headers))


def kind_of(headers: Headers) -> str:
    """The content type, without its parameters; empty where none was told."""
    told = next((value for name, value in headers if name.lower() == "content-type"), "")
    return told.partition(";")[0].strip().lower()


def stands_for(endpoint: str, body: bytes) -> Mapping[str, Any] | None:
    """The JSON that a stream folds into; None where nothing whole arrived."""
    return dialect.fold(endpoint, body).json


def row(response: Response, rest: bytes | None, known: bytes) -> dict[str, Any] | None:
    """Columns of ``streams`` without ``exchange``; None where there is no stream.

    ``rest`` is what the answer's JSON is stored as: without one, the very bytes are kept as they are.
    """
    body = response.body
    if rest is None or not is_stream(response):
        return None
    if body == GONE:
        return {"codec": REDACTED, "size": 0, "data": None}
    if len(body) > LIMIT:
        return {"codec": TOO_LARGE, "size": len(body), "data": None}
    codec, data = pack(body, known)
    return {"codec": codec, "size": len(body), "data": data}


def pack(body: bytes, known: bytes) -> tuple[int, bytes]:
    """``(codec, bytes on disk)`` of a stream; ``known`` is what of its message is stored elsewhere."""
    columns = None if any(byte in body for byte in _RESERVED) else _columns(body)
    codec = ZSTD if columns is None else COLUMNS
    packed = _deflate(known).compress(body if columns is None else columns)
    try:
        if unpack(codec, packed, known) == body:
            return codec, packed
    except ValueError:
        pass
    return PLAIN, zstandard.ZstdCompressor(level=_LEVEL).compress(body)


def unpack(codec: int, packed: bytes, known: bytes) -> bytes:
    """The stream behind :func:`pack`. Raises ``ValueError`` where it, or what was ``known``, is damaged."""
    if codec not in (PLAIN, ZSTD, COLUMNS):
        raise ValueError(f"stream of unknown codec {codec}")
    try:
        inflate = zstandard.ZstdDecompressor() if codec == PLAIN else _inflate(known)
        raw = inflate.decompress(packed)
    except (zstandard.ZstdError, MemoryError) as error:
        raise ValueError(f"damaged stream: {error}") from error
    return _whole(raw) if codec == COLUMNS else raw


def _dictionary(known: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(FRAMING + known, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


def _deflate(known: bytes) -> zstandard.ZstdCompressor:
    # The checksum tells when the dictionary is not the one that it was.
    return zstandard.ZstdCompressor(
        level=_LEVEL, dict_data=_dictionary(known), write_checksum=True, write_dict_id=False
    )


def _inflate(known: bytes) -> zstandard.ZstdDecompressor:
    return zstandard.ZstdDecompressor(dict_data=_dictionary(known))


def _columns(body: bytes) -> bytes:
    """Events without what their deltas say, what they say, and the length of each in bytes."""
    events: list[bytes] = []
    texts: list[bytes] = []
    lengths = bytearray()
    head = tail = b""
    start = least = len(body) + 1
    for event in body.split(_BREAK):
        end = len(event) - len(tail)
        if len(event) >= least and event.startswith(head) and event.endswith(tail):
            events.append(_AGAIN)
        else:
            place = _place(event)
            if place is None:
                events.append(event)
                continue
            start, end = place
            head, tail = event[:start], event[end:]
            least = start + len(tail)
            events.append(head + _HERE + tail)
        texts.append(event[start:end])
        size = end - start
        while size >= _LONG:
            lengths.append(_LONG)
            size -= _LONG
        lengths.append(size)
    return _COLUMN.join((_BREAK.join(events), b"".join(texts), bytes(lengths)))


def _place(event: bytes) -> tuple[int, int] | None:
    """Where the text of a delta begins and ends. A wrong guess costs bytes, nothing else."""
    at = event.rfind(b'_delta"')
    at = at + 7 if at >= 0 else event.find(b'"delta":{"content"') + 18
    colon = event.find(b":", at) if at >= 18 else -1
    start = event.find(b'"', colon) + 1
    end = event.find(b'"}', start)
    return (start, end) if colon >= 0 and start and end >= 0 else None


def _whole(columns: bytes) -> bytes:
    """The stream behind :func:`_columns`."""
    try:
        events, texts, lengths = columns.split(_COLUMN, 2)
    except ValueError as error:
        raise ValueError("damaged stream: a column is missing") from error
    sizes = _sizes(lengths)
    found: list[bytes] = []
    head = tail = b""
    at = 0
    for event in events.split(_BREAK):
        if event == _AGAIN:
            pass
        elif _HERE in event:
            head, tail = event.split(_HERE, 1)
        else:
            found.append(event)
            continue
        size = next(sizes, 0)
        found.append(head + texts[at : at + size] + tail)
        at += size
    return _BREAK.join(found)


def _sizes(lengths: bytes) -> Iterator[int]:
    size = 0
    for byte in lengths:
        size += byte
        if byte != _LONG:
            yield size
            size = 0
