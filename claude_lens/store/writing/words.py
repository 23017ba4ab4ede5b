"""The text of a message, by the column of the search index it belongs to, and what a search shows of it.

What :func:`columns` returns for a message must never change: rows of the index can only be taken out again
with the very text they were made from. ``tests/store/writing/test_words.py`` pins it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson

from claude_lens.messages.blocks import content_blocks, kind, role, text, thought
from claude_lens.store.rows import text as clean
from claude_lens.store.schema import SEARCH_COLUMNS

Columns = tuple[str, ...]

LONGEST: Final = 1_000_000
"""Characters of a column that are indexed."""

_WORD: Final = re.compile(r"\w+")
_SHOWN: Final = 160
_AROUND: Final = 60


def columns(message: Any) -> Columns | None:
    """The text of a message in the order of ``SEARCH_COLUMNS``; None where it has none.

    Text of users and of the client is ``prompt``; blocks of unknown types have no text.
    """
    if not isinstance(message, dict):
        return None
    found: dict[str, list[str]] = {name: [] for name in SEARCH_COLUMNS}
    own = "answer" if role(message) == "assistant" else "prompt"
    for name, words in _texts(message.get("content"), own):
        found[name].append(words)
    row = tuple(clean("\n".join(texts)[:LONGEST]) or "" for texts in found.values())
    return row if any(row) else None


def _texts(content: Any, own: str) -> Iterator[tuple[str, str]]:
    for block in content_blocks(content):
        what = kind(block)
        if (words := text(block)) is not None:
            yield own, words
        elif (words := thought(block)) is not None:
            yield "thinking", words
        elif what == "call":
            yield "input", "\n".join((str(block.get("name") or ""), *_strings(block.get("input"))))
        elif what == "result":
            yield from (("result", words) for _, words in _texts(block.get("content"), "result"))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def folded(text: str) -> str:
    """``text`` as the index compares it: lower case, without accents."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFD", text)
    return "".join(char for char in apart if not unicodedata.combining(char)).lower()


def matches(text: str, terms: Sequence[tuple[str, bool]]) -> list[tuple[int, int]]:
    """Where words of ``text`` are among ``terms`` (a folded word, and whether it is only a prefix)."""
    whole = {term for term, prefix in terms if not prefix}
    prefixes = tuple(term for term, prefix in terms if prefix)
    found = []
    for match in _WORD.finditer(text):
        for piece in re.finditer(r"[^_]+", match[0]):
            word = folded(piece[0])
            if word in whole or (prefixes and word.startswith(prefixes)):
                found.append((match.start() + piece.start(), match.start() + piece.end()))
    return found


def snippet(text: str, terms: Sequence[tuple[str, bool]]) -> tuple[str, list[tuple[int, int]]]:
    """About 160 characters of ``text`` where most of the terms are, and the places of them in it."""
    found = matches(text, terms)
    if not found:
        return " ".join(text[:_SHOWN].split()), []
    best = max(found, key=lambda place: len(_within(text, found, place[0])))[0]
    start = max(0, best - _AROUND)
    piece = text[start : start + _SHOWN]
    # One line, and every character still where it was.
    piece = "".join(char if char.isprintable() else " " for char in piece)
    places = [(a - start, b - start) for a, b in found if a >= start and b <= start + _SHOWN]
    return piece, places


def _within(text: str, found: Sequence[tuple[int, int]], start: int) -> set[str]:
    return {folded(text[a:b]) for a, b in found if start <= a < start + _SHOWN - _AROUND}


def dump_columns(row: Columns) -> bytes:
    """The columns as one value, for tests that pin them."""
    return orjson.dumps(row)
