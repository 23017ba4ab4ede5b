"""Event streams: a reader true to the specification (WHATWG HTML, "Server-sent events")."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

BOM = b"\xef\xbb\xbf"
_STARTS = (b"event:", b"data:", b":")


def is_stream(body: bytes, content_type: str | None) -> bool:
    """Whether a body is an event stream: by its first bytes, and where these do not tell, by its type.

    Gateways name streams JSON or plain text, and JSON a stream.
    """
    start = body[:64].removeprefix(BOM).lstrip()
    if start.startswith((b"{", b"[")):
        return False
    kind = (content_type or "").partition(";")[0].strip().lower()
    return start.startswith(_STARTS) or kind == "text/event-stream"


@dataclass(frozen=True, slots=True)
class Event:
    """One dispatched event: its type (``message`` where unnamed), data lines joined by LF, last id."""

    event: str
    data: str
    id: str = ""


def fields_of(block: bytes) -> tuple[bytes, bytes | None, bytes | None]:
    """Type, data and id of the lines between two blank lines; None where no line gives data or id."""
    if block.startswith(b"event: "):
        # The one form that providers send, twice as fast as the loop below.
        cut = block.find(b"\n")
        if block.startswith(b"data: ", cut + 1) and cut > 0 and block.find(b"\n", cut + 1) < 0:
            return block[7:cut], block[cut + 7 :], None
    event, last_id = b"", None
    data: list[bytes] = []
    for line in block.split(b"\n"):
        name, _, value = line.partition(b":")
        value = value[1:] if value.startswith(b" ") else value
        if name == b"data":
            data.append(value)
        elif name == b"event":
            event = value
        elif name == b"id" and b"\0" not in value:
            last_id = value
    return event, b"\n".join(data) if data else None, last_id


def blocks_of(body: bytes) -> tuple[list[bytes], int]:
    """A whole stream cut at its blank lines, and the size in bytes of an unfinished last event."""
    body = body.removeprefix(BOM)
    if b"\r" in body:
        body = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    *blocks, rest = body.split(b"\n\n")
    return blocks, len(rest.strip(b"\n"))


class Reader:
    """Turns chunks of a stream into events, wherever the chunks are cut.

    ``pending`` is the size in bytes of the event that has not ended yet: at the end of the stream, what
    the specification says to drop.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._start: bytes | None = b""
        self._after_cr = False
        self._last_id = ""

    @property
    def pending(self) -> int:
        return len(self._buffer.strip(b"\n")) + len(self._start or b"")

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that ``chunk`` completes, in order."""
        if self._start is not None:
            chunk = self._start + chunk
            if len(chunk) < len(BOM) and BOM.startswith(chunk):
                self._start = chunk
                return []
            self._start, chunk = None, chunk.removeprefix(BOM)
        if not chunk:
            return []
        # A CR ends its line at once; should the next chunk open with the LF of a CRLF, that LF is not a line.
        ends_in_cr = chunk.endswith(b"\r")
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")
        self._after_cr = ends_in_cr
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        seen = max(len(self._buffer) - 1, 0)
        self._buffer += chunk
        end = self._buffer.rfind(b"\n\n", seen)
        if end < 0:
            return []
        ready = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return list(self._events(ready))

    def _events(self, ready: bytes) -> Iterator[Event]:
        for block in ready.split(b"\n\n"):
            event, data, last_id = fields_of(block)
            if last_id is not None:
                self._last_id = last_id.decode("utf-8", "replace")
            if data is not None:
                name = event.decode("utf-8", "replace") or "message"
                yield Event(name, data.decode("utf-8", "replace"), self._last_id)
