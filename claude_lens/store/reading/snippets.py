"""What a search shows of a text: a piece of it, and where in it the words are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from claude_lens.store.lexing import Place, Term, folded, places

Marks = list[tuple[int, int]]
"""Pairs of offsets: start and end."""

_SHOWN: Final = 160
_AROUND: Final = 60
_PIECE: Final = 8000
_MOST: Final = 2000
_COMPARED: Final = 200


def matches(text: str, terms: Sequence[Term]) -> Marks:
    """Where ``text`` has what is looked for, the first two thousand places; what touches is one place."""
    found: Marks = []
    first = {term.words[0].lstrip("=") for term in terms}
    for start, piece in _pieces(text):
        # Looking for places takes longer than looking whether there are any.
        simple = folded(piece)
        if any(word in simple for word in first):
            found += [(start + a, start + b) for a, b in _marks(list(places(piece)), terms)]
        if len(found) >= _MOST:
            break
    return found


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    while len(text) - start > _PIECE:
        end = text.rfind("\n", start + _PIECE // 2, start + _PIECE) + 1 or start + _PIECE
        yield start, text[start:end]
        start = end
    yield start, text[start:]


def _marks(found: Sequence[Place], terms: Sequence[Term]) -> Marks:
    marks: set[tuple[int, int]] = set()
    parts = [place for place in found if not place[0].startswith("=")]
    whole = [place for place in found if place[0].startswith("=")]
    for term in terms:
        for index in _starts(whole if term.words[0].startswith("=") else parts, term):
            row = (whole if term.words[0].startswith("=") else parts)[index : index + len(term.words)]
            marks.update(_joined([(start, end) for _, start, end in row]))
    return _outermost(sorted(marks))


def _starts(row: Sequence[Place], term: Term) -> Iterator[int]:
    *before, last = term.words
    for index in range(len(row) - len(before)):
        if before and row[index][0] != before[0]:
            continue
        end = row[index + len(before)][0]
        if not (end.startswith(last) if term.prefix else end == last):
            continue
        if all(row[index + step][0] == word for step, word in enumerate(before)):
            yield index


def _joined(row: Marks) -> Marks:
    done = row[:1]
    for start, end in row[1:]:
        if start <= done[-1][1]:
            done[-1] = (done[-1][0], max(end, done[-1][1]))
        else:
            done.append((start, end))
    return done


def _outermost(marks: Marks) -> Marks:
    done: Marks = []
    for start, end in marks:
        if done and start < done[-1][1]:
            done[-1] = (done[-1][0], max(end, done[-1][1]))
        else:
            done.append((start, end))
    return done


def snippet(text: str, terms: Sequence[Term]) -> tuple[str, Marks]:
    """About 160 characters of ``text`` where most of the terms are, and the places of them in it."""
    found = matches(text, terms)
    if not found:
        return " ".join(text[:_SHOWN].split()), []
    best = max(found[:_COMPARED], key=lambda place: len(_within(text, found, place[0])))[0]
    start = max(0, best - _AROUND)
    piece = text[start : start + _SHOWN]
    # One line, and every character still where it was.
    piece = "".join(char if char.isprintable() else " " for char in piece)
    marks = [(a - start, b - start) for a, b in found if a >= start and b <= start + _SHOWN]
    return piece, marks


def _within(text: str, found: Marks, start: int) -> set[str]:
    first = bisect_left(found, (start, 0))
    near = (place for place in found[first : first + _SHOWN] if place[0] < start + _SHOWN - _AROUND)
    return {folded(text[a:b]) for a, b in near}
