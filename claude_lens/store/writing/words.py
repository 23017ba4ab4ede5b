"""The text of a message, by the column of the search index it belongs to.

What :func:`columns` returns for a message must never change: rows of the index can only be taken out again
with the very text they were made from. ``tests/store/writing/test_words.py`` pins it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from claude_lens.messages.blocks import content_blocks, kind, role, text, thought
from claude_lens.store.rows import text as clean
from claude_lens.store.schema import SEARCH_COLUMNS

Columns = tuple[str, ...]

LONGEST: Final = 1_000_000
"""Characters of a column that are indexed."""


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


def dump_columns(row: Columns) -> bytes:
    """The columns as one value, for tests that pin them."""
    return orjson.dumps(row)
