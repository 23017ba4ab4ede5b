"""Blocks of private keys, as files have them and as ``cat -n``, JSON or an indented file show them."""

from __future__ import annotations

import re
from typing import Final

PRIVATE_KEY: Final = "-----BEGIN "
_BEGIN: Final = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_END: Final = re.compile(r"-----END (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
# Lines of base64 after whatever a tool writes before them: numbers, arrows, signs of a quotation or a change.
_BETWEEN: Final = r"(?:[\s\"'+,>|→]|\\[nrt]|-(?!-)|\d{1,6}[\t→:|-]){1,40}"
_LINES: Final = re.compile(
    rf"(?:{_BETWEEN}(?:(?:Proc-Type|DEK-Info|Version|Comment|Hash)[^\n\\]{{0,120}}|[A-Za-z0-9+/=]{{40,128}}))"
    rf"{{1,700}}(?:{_BETWEEN}[A-Za-z0-9+/]{{2,39}}=)?"
)
_DATA: Final = re.compile(r"[A-Za-z0-9+/]{16}")
_LONGEST: Final = 65_536
_LEAST: Final = 40


class Blocks:
    """The blocks of one text. Where a block ends is looked for once, however many seem to begin."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = -1

    def at(self, place: int) -> tuple[int, int] | None:
        """Where the block is that begins at ``place``; None where none does."""
        begin = _BEGIN.match(self._text, place)
        if begin is None:
            return None
        end = self._end(begin.end())
        if end is not None and end.start() - begin.end() < _LONGEST:
            inner = self._text[begin.end() : end.start()]
            if PRIVATE_KEY not in inner and len(inner) >= _LEAST and _DATA.search(inner) and _is_data(inner):
                return place, end.end()
        lines = _LINES.match(self._text, begin.end())
        if lines and len(lines[0]) >= _LEAST and _DATA.search(lines[0]):
            return place, lines.end()
        return None

    def _end(self, place: int) -> re.Match[str] | None:
        if self._ends < place:
            found = self._text.find("-----END ", place)
            self._ends = len(self._text) if found < 0 else found
        return _END.match(self._text, self._ends)


def _is_data(inner: str) -> bool:
    """Whether what is between the lines of a block is data, and no prose or code."""
    plain = sum(char.isascii() and (char.isalnum() or char in "+/=\n\\ \t→:,-") for char in inner)
    longest = max(len(word) for word in re.split(r"[^A-Za-z0-9+/=]+|\\n", inner))
    return plain >= 0.95 * len(inner) and longest >= 24
