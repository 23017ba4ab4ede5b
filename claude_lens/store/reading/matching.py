"""A search on PostgreSQL: its index narrows down, the texts themselves decide.

The index does not know where words are in very long messages, nor whether one of two columns holds them
(``lexemes``); what it finds is therefore never too little, and sometimes too much.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from claude_lens.store.lexing import Term
from claude_lens.store.schema import SEARCH_COLUMNS
from claude_lens.store.writing.lexemes import WEIGHTS, tokens

SURE: Final = "f.words @@ CAST(:strict AS tsquery)"
"""Whether a row ``f`` of the index matches by itself; its values are what :func:`values` gives."""

_PERHAPS: Final = "f.partial AND f.words @@ CAST(:relaxed AS tsquery)"

CONDITION: Final = f"({SURE} OR ({_PERHAPS}))"
"""Whether a row may match: what the index is asked first."""

UNSURE: Final = f"({_PERHAPS} AND NOT {SURE})"
"""Whether only the text can tell."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Every group has to be there by one of its terms, and none of ``unwanted``; only in these ``parts``."""

    wanted: tuple[tuple[Term, ...], ...]
    unwanted: tuple[Term, ...]
    parts: frozenset[str]


def values(terms: Terms) -> dict[str, Any]:
    """The two forms of a query, as ``tsquery``: where the index knows all, and where it does not."""
    return {"strict": _tsquery(terms, strict=True), "relaxed": _tsquery(terms, strict=False)}


def _tsquery(terms: Terms, *, strict: bool) -> str:
    everywhere = terms.parts == frozenset(SEARCH_COLUMNS)
    weights = "" if everywhere or not strict else "".join(sorted({WEIGHTS[part] for part in terms.parts}))
    parts = [
        "(" + " | ".join(_words(term, weights, strict=strict) for term in group) + ")"
        for group in terms.wanted
    ]
    # What must not be there is left to the texts, where the index may see it in another column or nowhere.
    for term in terms.unwanted if everywhere else ():
        if strict or len(term.words) == 1:
            parts.append(f"!{_words(term, '', strict=strict)}")
    return " & ".join(parts)


def _words(term: Term, weights: str, *, strict: bool) -> str:
    found = term.words
    marks = [weights] * len(found)
    if term.prefix:
        marks[-1] = f"*{weights}"
    said = [f"'{word}'" + (f":{mark}" if mark else "") for word, mark in zip(found, marks, strict=True)]
    return "(" + (" <-> " if strict else " & ").join(said) + ")"


def holds(columns: Sequence[str], terms: Terms) -> bool:
    """Whether texts in the order of ``SEARCH_COLUMNS`` are what is looked for."""
    texts: Mapping[str, list[str]] = {
        name: tokens(text)
        for name, text in zip(SEARCH_COLUMNS, columns, strict=True)
        if name in terms.parts and text
    }
    return all(any(_said(term, texts.values()) for term in group) for group in terms.wanted) and not any(
        _said(term, texts.values()) for term in terms.unwanted
    )


def _said(term: Term, texts: Iterable[list[str]]) -> bool:
    *first, last = term.words
    for text in texts:
        for index in range(len(first), len(text)):
            word = text[index]
            if not (word.startswith(last) if term.prefix else word == last):
                continue
            if text[index - len(first) : index] == first:
                return True
    return False
