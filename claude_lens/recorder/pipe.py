"""What the recorder hears on standard input: the journal's key, how far to read, what is on no disk, and how
far answers have come that are on their way.

A message is its kind, a record's number, and the sizes of two parts (network order), then the parts.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Final, NamedTuple

KEY: Final = 1
ANNOUNCE: Final = 2
INLINE: Final = 3
BEATS: Final = 4
_HEAD = struct.Struct("!BQII")


class Message(NamedTuple):
    """``KEY``: in ``first``. ``ANNOUNCE``: records up to ``seq`` are there. ``INLINE``: one of them.
    ``BEATS``: in ``first``, JSON: beats (``pulse.Beat`` as a list) by exchange.
    """

    kind: int
    seq: int = 0
    first: bytes = b""
    second: bytes = b""

    def encoded(self) -> tuple[bytes, bytes, bytes]:
        """As it goes over the pipe, in parts."""
        return _HEAD.pack(self.kind, self.seq, len(self.first), len(self.second)), self.first, self.second


def read_message(stream: BinaryIO) -> Message | None:
    """The next message, or None at the end of the stream (a torn last one counts as the end)."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    kind, seq, one, two = _HEAD.unpack(head)
    first, second = stream.read(one), stream.read(two)
    return Message(kind, seq, first, second) if len(first) == one and len(second) == two else None
