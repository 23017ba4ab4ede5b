"""The words of a message as PostgreSQL keeps them for searching: a ``tsvector`` that is made here.

PostgreSQL's own parser takes paths, addresses and numbers apart in ways of its own; words made here are those
that SQLite's index has (``lexing``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from claude_lens.store import lexing

WEIGHTS: Final = {"prompt": "A", "answer": "B", "thinking": "C", "input": "D", "result": "D"}
"""The mark of a word's column; there are four, so the last two share one."""

# PostgreSQL's own limits: of positions, of places of one word, and, with room left, of bytes of a tsvector.
_POSITIONS: Final = 16_383
_PLACES: Final = 255
_BYTES: Final = 900_000


def tokens(text: str) -> list[str]:
    """The words of a text in their order, as ``lexing.words`` has them."""
    return lexing.words(text).split()


def vector(columns: Sequence[str]) -> tuple[str, bool]:
    """``(tsvector, partial)`` of texts in the order of ``SEARCH_COLUMNS``.

    ``partial``: it does not say of each word where it is everywhere, as that is more than fits.
    """
    places: dict[str, list[str]] = {}
    partial, at = False, 0
    for weight, text in zip(WEIGHTS.values(), columns, strict=True):
        for word in tokens(text):
            at += 1
            known = places.setdefault(word, [])
            if at < _POSITIONS and len(known) < _PLACES:
                known.append(f"{at}{weight}")
            else:
                partial = True
        # A gap, so that no phrase reaches from one column into the next.
        at += 1
    if sum(_bytes(word) + 4 + 2 * len(known) for word, known in places.items()) > _BYTES:
        return " ".join(_fitting(places)), True
    said = (f"'{word}'" + (f":{','.join(known)}" if known else "") for word, known in places.items())
    return " ".join(said), partial


def _fitting(words: dict[str, list[str]]) -> list[str]:
    left, found = _BYTES, []
    for word in words:
        left -= _bytes(word) + 4
        if left < 0:
            break
        found.append(f"'{word}'")
    return found


def _bytes(word: str) -> int:
    return len(word) if word.isascii() else len(word.encode())
