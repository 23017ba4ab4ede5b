"""Forms of secrets as expressions, each tried only where a text has what the form cannot be without.

An expression is matched at one place and never searched for, and reads a bounded number of characters, so
that looking through a text takes time in proportion to its length, whatever stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Final

from claude_lens.redact.kinds import KINDS, Kind
from claude_lens.redact.odds import is_random

_CLASSES: Final = {
    "<n>": "[A-Za-z0-9]",
    "<w>": r"[\w-]",
    "<b>": "[A-Za-z0-9+/]",
    "<h>": "[0-9a-f]",
    "<x>": "[0-9A-Fa-f]",
    "<l>": "[a-z0-9]",
    "<u>": "[A-Z0-9]",
    "<uuid>": "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
}
_END: Final = "(?![A-Za-z0-9])"
# Where a word ends; the last ones as JSON writes them.
BEFORE: Final = (*" =\"'`:>(,[\t\n", "\\n", "\\t")
# Colours of a terminal, also as source code writes them.
COLOUR: Final = (
    r"(?:\x1b|\\x1[bB]|\\u001[bB]|\\u\{1[bB]\}|\\0?33|\\e|\^\[|%1[bB])"
    r"(?:\[[0-9;:?]{0,24}[A-Za-z]|\]8;[^\x07\x1b\\]{0,2000}(?:\x07|\x1b\\|\\x07|\\u0007|\\a))"
)
# And other escapes that end in what looks like a word.
_ESCAPE: Final = re.compile(
    rf"(?:{COLOUR}|\\x[0-9A-Fa-f]{{2}}|\\u[0-9A-Fa-f]{{4}}|\\[0-7]{{1,3}}|\\[abefnrtv0]|%[0-9A-Fa-f]{{2}}"
    r"|=[0-9A-F]{2})\Z"
)
_LOOK_BACK: Final = 24


@dataclass(slots=True)
class Form:
    """How one kind is found. ``back`` characters before an anchor it begins, after at most ``lead`` digits.

    ``edge``: what must not stand before it: nothing, a letter or digit (1), also ``_`` or ``-`` (2).
    ``after``: its anchors are so common that they are looked for only behind what ends a word.
    """

    kind: str
    anchors: tuple[str, ...]
    source: str
    after: bool
    back: int
    lead: int
    edge: int
    random: bool
    _pattern: re.Pattern[str] | None = field(default=None, repr=False)

    @property
    def pattern(self) -> re.Pattern[str]:
        """The expression, compiled when it is first needed."""
        if self._pattern is None:
            self._pattern = re.compile(self.source, re.ASCII)
        return self._pattern

    def at(self, text: str, anchor: int, size: int, edges: Container[int] = ()) -> tuple[int, int] | None:
        """Where the secret is whose anchor, of ``size`` characters, stands at ``anchor``; or None.

        ``edges`` are places of ``text`` before which a word ends whatever stands there.
        """
        begin = anchor - self.back
        if begin < 0:
            return None
        if self.lead:
            while begin and anchor - begin < self.lead and text[begin - 1] in "0123456789":
                begin -= 1
        if self.edge and not is_edge(text, begin, self.edge, edges):
            return None
        match = (self._pattern or self.pattern).match(text, begin)
        if match is None:
            return None
        start, stop = match.span("s")
        if self.random and not is_random(text[max(start, anchor + size) : stop]):
            return None
        return start, stop


def is_edge(text: str, place: int, strictness: int, edges: Container[int] = ()) -> bool:
    """Whether a secret may begin at ``place``: not within a word, of which an escape is no part."""
    if place == 0 or place in edges:
        return True
    before = text[place - 1]
    if not before.isalnum() or ord(before) > 127:
        return strictness < 2 or before not in "_-"
    return _ESCAPE.search(text, max(0, place - _LOOK_BACK), place) is not None


def _expression(kind: Kind, back: int, lead: int) -> str:
    rest = kind.rest
    for short, long in _CLASSES.items():
        rest = rest.replace(short, long)
    if not back and not lead:
        rest = f"(?:{'|'.join(map(re.escape, kind.begins))})(?:{rest})"
    return rest if "(?P<s>" in rest else f"(?P<s>{rest}){_END}"


def _number(kind: Kind, flag: str) -> int:
    return next((int(one.removeprefix(flag)) for one in kind.flags if one.startswith(flag)), 0)


def _form(kind: Kind) -> Form:
    back, lead = _number(kind, "back="), _number(kind, "lead=")
    after = "after" in kind.flags
    short = min(map(len, kind.begins)) < 4
    return Form(
        kind=kind.name,
        anchors=kind.begins,
        source=_expression(kind, back, lead),
        after=after,
        back=back,
        lead=lead,
        edge=0 if "anywhere" in kind.flags else 2 if after or short or "alone" in kind.flags else 1,
        random="random" in kind.flags,
    )


FORMS: Final = tuple(_form(kind) for kind in KINDS)
"""One for every row of the table, in its order. A form before another takes what both fit."""
