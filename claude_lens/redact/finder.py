"""Where in a text secrets are: one pass over all anchors, then a closer look at each.

Anchors are looked for by an Aho-Corasick automaton, in characters or in bytes. What follows an anchor is
matched once. So a text without anchors costs one pass, and one full of them a bounded time for each.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Container
from functools import cached_property
from typing import Final, NamedTuple

from ahocorasick_rs import AhoCorasick, BytesAhoCorasick, Implementation, MatchKind

from claude_lens.redact import names
from claude_lens.redact.blocks import PRIVATE_KEY, Blocks
from claude_lens.redact.encoded import Encoded
from claude_lens.redact.forms import BEFORE, COLOUR, FORMS
from claude_lens.redact.marks import MARK, MARKED
from claude_lens.redact.names import Found

_COLOURS: Final = re.compile(COLOUR)
_COLOUR_MARKS: Final = ("\x1b", "\\x1", "\\u001", "\\033", "\\33", "\\e[", "^[[", "%1b[", "%1B[", "\\u{1")


class _Use(NamedTuple):
    """What an anchor is for: a form by its number, and how many characters stand before its own."""

    form: int
    skip: int


class Finder:
    """All kinds at once; ``by_name`` also takes values by their names."""

    def __init__(self, *, by_name: bool = True) -> None:
        uses: dict[str, list[_Use]] = {}
        for number, form in enumerate(FORMS):
            for anchor in form.anchors:
                for before in BEFORE if form.after else ("",):
                    uses.setdefault(before + anchor, []).append(_Use(number, len(before)))
        self._encoded = Encoded()
        for anchor in self._encoded.anchors:
            uses.setdefault(anchor, []).append(_Use(_ENCODED, 0))
        uses.setdefault(PRIVATE_KEY, []).append(_Use(_BLOCK, 0))
        uses.setdefault(MARK, []).append(_Use(_MARKED, 0))
        for anchor in names.ANCHORS if by_name else ():
            uses.setdefault(anchor, []).append(_Use(_NAME, 0))
        self._anchors = tuple(uses)
        self._uses = tuple(uses.values())
        self._first = tuple(
            (number, anchor) for number, form in enumerate(FORMS) if form.after for anchor in form.anchors
        )
        self._begins = tuple({anchor for _, anchor in self._first})

    @cached_property
    def _strings(self) -> AhoCorasick:
        return AhoCorasick(
            list(self._anchors), matchkind=MatchKind.Standard, implementation=Implementation.DFA
        )

    @cached_property
    def _bytes(self) -> BytesAhoCorasick:
        # What JSON writes otherwise than it is hides anchors from a look at the bytes.
        anchors = [*(anchor.encode() for anchor in self._anchors), *_HIDING]
        return BytesAhoCorasick(anchors, matchkind=MatchKind.Standard, implementation=Implementation.DFA)

    def hits(self, body: bytes) -> list[tuple[int, int]]:
        """Where in a JSON text anchors are, or escapes that may hide one, in order: start and end."""
        found = self._bytes.find_matches_as_indexes(body, overlapping=True)
        return sorted((start, end) for _, start, end in found)

    def places(self, text: str) -> list[Found]:
        """Where secrets are, in order, none within another."""
        spans = self._spans(text)
        if any(mark in text for mark in _COLOUR_MARKS):
            spans += self._under_colours(text)
        return _apart(spans) if spans else []

    def _spans(self, text: str, edges: Container[int] = ()) -> list[tuple[int, Found]]:
        spans = self._at_start(text)
        done: dict[int, int] = {}
        blocks = Blocks(text)
        for number, start, end in self._hits(text):
            for form, skip in self._uses[number]:
                if start < done.get(form, 0):
                    continue
                for found in self._look(text, form, start + skip, end, edges, blocks):
                    done[form] = max(done.get(form, 0), found.stop)
                    if form != _NAME or found.kind != names.REJECTED:
                        spans.append((form, found))
        return spans

    def _hits(self, text: str) -> list[tuple[int, int, int]]:
        try:
            hits = self._strings.find_matches_as_indexes(text, overlapping=True)
        except UnicodeEncodeError:
            # Lone surrogates; as many characters, so that places stay.
            hits = self._strings.find_matches_as_indexes(
                text.encode("utf-8", "replace").decode(), overlapping=True
            )
        return hits

    def _look(
        self, text: str, form: int, start: int, end: int, edges: Container[int], blocks: Blocks
    ) -> list[Found]:
        if form >= 0:
            span = FORMS[form].at(text, start, end - start, edges)
            return [Found(*span, FORMS[form].kind)] if span else []
        if form == _NAME:
            return list(names.at(text, start, text[start:end]))
        if form == _ENCODED:
            found = self._encoded.at(text, start)
            return [found] if found else []
        if form == _MARKED:
            marked = MARKED.match(text, start)
            return [Found(*marked.span(), _KEPT)] if marked else []
        block = blocks.at(start)
        return [Found(*block, "private-key")] if block else []

    def _at_start(self, text: str) -> list[tuple[int, Found]]:
        """What begins a text: of the forms that are looked for only behind something."""
        found: list[tuple[int, Found]] = []
        if not text.startswith(self._begins):
            return found
        for number, anchor in self._first:
            if text.startswith(anchor) and (span := FORMS[number].at(text, 0, len(anchor))):
                found.append((number, Found(*span, FORMS[number].kind)))
        return found

    def _under_colours(self, text: str) -> list[tuple[int, Found]]:
        """Secrets that colours of a terminal divide, or stand close by."""
        pieces, starts, edges = [], [], set()
        size = last = 0
        for match in _COLOURS.finditer(text):
            if match.start() > last:
                pieces.append(text[last : match.start()])
                starts.append((size, last))
                size += match.start() - last
            edges.add(size)
            last = match.end()
        if not edges:
            return []
        pieces.append(text[last:])
        starts.append((size, last))
        firsts = [first for first, _ in starts]

        def place(position: int) -> int:
            first, real = starts[bisect.bisect_right(firsts, position) - 1]
            return real + position - first

        return [
            (form, Found(place(found.start), place(found.stop - 1) + 1, found.kind))
            for form, found in self._spans("".join(pieces), edges)
        ]


_NAME: Final = -1
_ENCODED: Final = -2
_BLOCK: Final = -3
_HIDING: Final = (b"\\u00", b"\\/")
_MARKED: Final = -4
_KEPT: Final = ""
_ORDER: Final = {_MARKED: -2, _BLOCK: -1, _ENCODED: len(FORMS), _NAME: len(FORMS) + 1}


def said(text: str) -> str:
    """A secret without the colours that divide it."""
    return _COLOURS.sub("", text)


def colours(text: str) -> str:
    """The colours alone that divide a secret."""
    return "".join(match[0] for match in _COLOURS.finditer(text))


def _rank(span: tuple[int, Found]) -> tuple[int, int, int]:
    form, (start, stop, _) = span
    return _ORDER.get(form, form), start - stop, start


def _apart(spans: list[tuple[int, Found]]) -> list[Found]:
    """The spans that stay where some overlap: forms in their order, then the first, then the longest."""
    chosen: list[Found] = []
    starts: list[int] = []
    for _, found in sorted(
        spans, key=lambda span: (_ORDER.get(span[0], span[0]), -span[1].stop + span[1].start, span[1].start)
    ):
        at = bisect.bisect_left(starts, found.start)
        if (at < len(chosen) and chosen[at].start < found.stop) or (at and chosen[at - 1].stop > found.start):
            continue
        starts.insert(at, found.start)
        chosen.insert(at, found)
    return [found for found in chosen if found.kind != _KEPT]
