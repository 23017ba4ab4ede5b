"""An answer while it comes: how many tokens it has said so far, told from its bytes as they pass.

Providers count tokens at the end only. Until then every delta is one token at least, and a token has about
four characters: an estimate, which the provider's own count replaces as soon as it is there. Bytes that came
compressed are unpacked as far as they are there; what cannot be read counts as nothing said.
"""

from __future__ import annotations

import re
import zlib
from typing import Any, Final

CHARACTERS_A_TOKEN: Final = 4
LONGEST_LINE: Final = 1 << 20
"""Bytes of an unfinished line that are kept; no delta is longer."""

_SAID: Final = re.compile(
    rb'"(?:text|thinking|partial_json|content|reasoning_content|arguments)"\s*:\s*"((?:[^"\\]|\\.)+)"'
)
_DELTAS: Final = (b"content_block_delta", b'"delta"', b"output_text.delta", b'"candidates"')
_COUNTED: Final = re.compile(rb'"message_delta".*"output_tokens"\s*:\s*(\d+)')
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"


class Growing:
    """Takes an answer's bytes in pieces, however they are cut."""

    def __init__(self) -> None:
        self.bytes = 0
        self._began = False
        self._unpack: Any = None
        self._rest = b""
        self._deltas = 0
        self._characters = 0
        self._counted: int | None = None
        self.readable = False
        """Whether anything of it was understood: an event of a stream."""

    @property
    def tokens(self) -> int:
        """Tokens said so far: the provider's count where it has come, else an estimate."""
        if self._counted is not None:
            return self._counted
        return max(self._deltas, round(self._characters / CHARACTERS_A_TOKEN))

    def add(self, piece: bytes) -> None:
        """Take the next bytes."""
        self.bytes += len(piece)
        plain = self._rest + self._plain(piece)
        whole, _, self._rest = plain.rpartition(b"\n")
        self._rest = self._rest[-LONGEST_LINE:]
        for line in whole.split(b"\n"):
            if not line.startswith(b"data:"):
                continue
            self.readable = True
            if any(mark in line for mark in _DELTAS):
                self._line(line)

    def _line(self, line: bytes) -> None:
        if told := _COUNTED.search(line):
            self._counted = int(told[1])
            return
        said = sum(map(len, _SAID.findall(line)))
        self._deltas += said > 0
        self._characters += said

    def _plain(self, piece: bytes) -> bytes:
        if not self._began and piece:
            self._began = True
            # What an answer's first bytes say needs no header.
            if piece.startswith(_GZIP):
                self._unpack = zlib.decompressobj(wbits=31)
            elif piece.startswith(_ZSTD):
                # Imported here: the proxy starts without it.
                import zstandard

                self._unpack = zstandard.ZstdDecompressor().decompressobj()
        if self._unpack is None:
            return piece
        try:
            unpacked: bytes = self._unpack.decompress(piece)
        except Exception:
            # Whatever is wrong with it, the client is told of it, not we.
            return b""
        return unpacked
