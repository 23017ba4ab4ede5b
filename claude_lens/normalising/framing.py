"""Bytes to the JSON events of a stream, whichever way they are laid out: events, lines, or one whole body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from claude_lens.wire.events import BOM, fields_of
from claude_lens.wire.parse import parse_json

DONE = "[DONE]"


class Frames:
    """Cuts a body, fed in any pieces, into events: JSON values, or :data:`DONE`."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: bool | None = None

    def feed(self, data: bytes) -> Iterator[Any]:
        """Events that ``data`` completes."""
        self._rest += data
        if self._lines is None:
            start = self._rest.removeprefix(BOM).lstrip()
            if not start or BOM.startswith(start):
                return
            self._rest, self._lines = start, start.startswith((b"{", b"["))
        yield from self._take_lines() if self._lines else self._take_events()

    def close(self) -> Iterator[Any]:
        """Events in what is left, which nothing but the end of the body has completed."""
        rest, self._rest = self._rest, b""
        if self._lines:
            value = _value(rest)
            if value is not None:
                yield from value if isinstance(value, list) else [value]
        elif rest.strip():
            yield from _events_of(rest.replace(b"\r\n", b"\n").replace(b"\r", b"\n").strip(b"\n"))

    def _take_lines(self) -> Iterator[Any]:
        cut = 0
        while (end := self._rest.find(b"\n", cut)) >= 0:
            line = self._rest[:end]
            cut = end + 1
            # A line that ends otherwise is one of a value laid out for readers.
            if not line.rstrip().endswith((b"}", b"]")):
                continue
            value = _value(line)
            if value is not None:
                self._rest, cut = self._rest[end + 1 :], 0
                yield from value if isinstance(value, list) else [value]

    def _take_events(self) -> Iterator[Any]:
        # A carriage return at the very end may be half of a line's end.
        held = b"\r" if self._rest.endswith(b"\r") else b""
        text = self._rest[: len(self._rest) - len(held)]
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *blocks, rest = text.split(b"\n\n")
        self._rest = rest + held
        for block in blocks:
            yield from _events_of(block.strip(b"\n"))


def _events_of(block: bytes) -> Iterator[Any]:
    _, data = fields_of(block)
    if data is None:
        return
    if data.strip() == DONE.encode():
        yield DONE
        return
    value = _value(data)
    if value is not None:
        yield value
    elif b"\n" in data:
        # Some servers forget the blank line between two events.
        for line in data.split(b"\n"):
            yield from _events_of(b"data: " + line)


def _value(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        try:
            return parse_json(data)
        except ValueError:
            return None
