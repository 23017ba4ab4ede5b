"""How text becomes the words of the search index, on every database, and how a query asks for them.

- Words are letters and digits, without case, accents, or the compatibility forms of Unicode.
- ``fooBar`` is ``foo bar``, and besides ``=foobar`` behind all others: found by its parts and as a whole.
- A point before a word, ``++`` and ``#`` behind one are words too: ``.env``, ``C++``, ``C#`` are phrases.
- Where a script has no spaces, or glues endings to words, each character is a word, with the signs that are
  written around it: whatever part of such a text is looked for is a phrase.

What :func:`words` returns for a text must never change: rows of SQLite's index can only be taken out again
with the very words that were put in. ``tests/store/test_lexing.py`` pins it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

LONGEST: Final = 128
"""Characters of a word that are kept: more are no word, but somebody's data."""

SIGNS: Final = ".+#="
"""What of ASCII is in words beside letters and digits."""

_SHORTEST_PARTED: Final = 4
_LONGEST_PARTED: Final = 60

# Characters that are words by themselves: Han, kana, Bopomofo, Hangul, Yi.
_ALONE: Final = (
    "\u3005-\u3007\u3040-\u3098\u309b-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua48c"
    "\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af"
)
# Letters, and the signs behind them, of Thai, Lao, Burmese, Khmer, Tai Le, New Tai Lue, Tai Tham, Balinese,
# Javanese, Cham, Tai Viet; what comes behind a virama is stacked under the letter before.
_LETTERS: Final = (
    "\u0e01-\u0e2f\u0e40-\u0e44\u0e81-\u0eaf\u0ebd-\u0ec4\u0edc-\u0edf\u1000-\u102a\u103f\u1050-\u1055"
    "\u105a-\u105d\u1061\u1065-\u1066\u106e-\u1070\u1075-\u1081\u108e\ua9e0-\ua9e4\ua9e6-\ua9ef\ua9fa-\ua9fe"
    "\uaa60-\uaa76\uaa7a\uaa7e-\uaa7f\u1780-\u17b3\u17d7\u17dc\u1950-\u1974\u1980-\u19ab\u1a20-\u1a54"
    "\u1b05-\u1b33\u1b45-\u1b4b\ua984-\ua9b2\uaa00-\uaa28\uaa40-\uaa42\uaa44-\uaa4b\uaa80-\uaaaf\uaab1\uaab5-\uaab6"
)
_SIGNS_BEHIND: Final = (
    "\u0e30-\u0e3a\u0e45-\u0e4e\u0eb0-\u0ebc\u0ec6\u0ec8-\u0ece\u102b-\u1038\u103a-\u103e\u1056-\u1059"
    "\u105e-\u1060\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108d\u108f\u109a-\u109d\ua9e5\uaa7b-\uaa7d"
    "\u17b4-\u17d1\u17d3\u17dd\u19b0-\u19c9\u1a55-\u1a5f\u1a61-\u1a7c\u1b00-\u1b04\u1b34-\u1b43\ua980-\ua983"
    "\ua9b3-\ua9bf\uaa29-\uaa36\uaa43\uaa4c-\uaa4d\uaab0\uaab2-\uaab4\uaab7-\uaabf\uaac0-\uaac2"
)
_STACKING: Final = "\u1039\u17d2\u1a60\u1b44\ua9c0"
_UNSPACED: Final = f"{_ALONE}{_LETTERS}{_SIGNS_BEHIND}{_STACKING}"
_UNIT: Final = re.compile(
    f"[{_LETTERS}](?:[{_SIGNS_BEHIND}]|[{_STACKING}][{_LETTERS}]?)*|[{_ALONE}]|[{_SIGNS_BEHIND}{_STACKING}]+"
)
# Vowel signs and the like, which are parts of words in the scripts of India, Tibet, Mongolia, Africa.
_MARKS: Final = (
    "\u0483-\u0487\u0711\u0730-\u074a\u07a6-\u07b0\u07eb-\u07f3\u0816-\u082d\u0859-\u085b\u0900-\u0903"
    "\u093a-\u094f\u0951-\u0957\u0962-\u0963\u0981-\u0983\u09bc-\u09cd\u09d7\u09e2-\u09e3\u0a01-\u0a03"
    "\u0a3c-\u0a51\u0a70-\u0a71\u0a75\u0a81-\u0a83\u0abc-\u0acd\u0ae2-\u0ae3\u0b01-\u0b03\u0b3c-\u0b57"
    "\u0b62-\u0b63\u0b82\u0bbe-\u0bcd\u0bd7\u0c00-\u0c04\u0c3c-\u0c56\u0c62-\u0c63\u0c81-\u0c83\u0cbc-\u0cd6"
    "\u0ce2-\u0ce3\u0d00-\u0d03\u0d3b-\u0d4d\u0d57\u0d62-\u0d63\u0d81-\u0d83\u0dca-\u0ddf\u0df2-\u0df3"
    "\u0f18-\u0f19\u0f35-\u0f39\u0f3e-\u0f3f\u0f71-\u0f84\u0f86-\u0f87\u0f8d-\u0fbc\u135d-\u135f"
    "\u1712-\u1734\u1752-\u1753\u1772-\u1773\u180b-\u180f\u1885-\u1886\u18a9\u1920-\u193b\u1a17-\u1a1b"
    "\u1b80-\u1b82\u1ba1-\u1bad\u1be6-\u1bf3\u1c24-\u1c37\u200c-\u200d\ua67c-\ua67d\ua802\ua806\ua80b"
    "\ua823-\ua827\ua880-\ua881\ua8b4-\ua8c5\ua926-\ua92d\ua947-\ua953\uabe3-\uabea\uabec-\uabed"
)
# What is left out of words: accents, the points of Hebrew and Arabic, stretched Arabic, variants of form.
_DROPPED: Final = re.compile(
    "[\u00ad\u0300-\u036f\u0591-\u05bd\u05bf\u05c1-\u05c2\u05c4-\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f"
    "\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7-\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0"
    "\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]+"
)
_SIGN: Final = r"\.(?=[^\W_])|(?<=[^\W_])(?:\+\+|#)"
_ASCII_WORD: Final = re.compile(rf"[A-Za-z0-9]+|{_SIGN}", re.ASCII)
_ANY_WORD: Final = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+(?:[{_MARKS}]+[^\W_{_UNSPACED}]*)*|{_SIGN}")
_ALONE_ONE: Final = re.compile(f"[{_ALONE}]")
_UNSPACED_RUN: Final = re.compile(f"[{_UNSPACED}]")
_FIRST_UNSPACED: Final = "\u0e00"
_ASCII_PART: Final = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[A-Z][0-9]*|[0-9]+")
# A character with what belongs to it, or a syllable of Hangul written by its letters.
_BEHIND: Final = f"\u0300-\u036f\u3099\u309a\uff9e\uff9f{_MARKS}"
_CLUSTER: Final = re.compile(f"[\x00-\x7f]*[\x00-\x7f](?![{_BEHIND}])|[\u1100-\u11ff]+|(?s:.)[{_BEHIND}]*")


@dataclass(frozen=True, slots=True)
class Term:
    """Words that follow each other; ``prefix``: the last one is only a beginning."""

    words: tuple[str, ...]
    prefix: bool = False


Place = tuple[str, int, int]
"""A word of the index and where it stands: from the second to before the third."""


def plain(text: str) -> str:
    """``text`` without accents and forms of mere compatibility, its case as it is."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _DROPPED.sub("", unicodedata.normalize("NFKD", text)))


def folded(text: str) -> str:
    """``text`` as its words are compared: without case, accents and forms of mere compatibility."""
    return text.lower() if text.isascii() else plain(text).casefold()


def words(text: str) -> str:
    """The words of a text in their order, apart by spaces; whole names (``=foobar``) come last."""
    text = plain(text)
    ascii_only = text.isascii()
    found: list[str] = (_ASCII_WORD if ascii_only else _ANY_WORD).findall(text)
    split: dict[str, str] = {}
    whole: list[str] = []
    for word in set(found):
        if word.islower() and len(word) <= LONGEST and (ascii_only or not _is_unspaced(word)):
            continue
        said, is_parted = _stored(word)
        if said != word:
            split[word] = said
            if is_parted:
                whole.append("=" + word)
    if split:
        found = [split.get(word, word) for word in found]
    said = " ".join([*found, *sorted(whole)])
    return said.lower() if ascii_only else said.casefold()


@lru_cache(16_384)
def _stored(word: str) -> tuple[str, bool]:
    """What is stored for a word, and whether that is parts of a name."""
    parts = _parts(word)
    return " ".join(parts), len(parts) > 1 and not _is_unspaced(word)


def _is_unspaced(word: str) -> bool:
    return word[0] >= _FIRST_UNSPACED and _UNSPACED_RUN.match(word) is not None


def _parts(word: str) -> Sequence[str]:
    """The words that a word stands for."""
    if _is_unspaced(word):
        return _UNIT.findall(word)
    if word.islower() or word.isdigit() or word.isupper():
        return (word[:LONGEST],)
    if _SHORTEST_PARTED <= len(word) <= _LONGEST_PARTED:
        return _humps(word)
    return (word[:LONGEST],)


def _humps(word: str) -> Sequence[str]:
    if word.isascii():
        return _ASCII_PART.findall(word)
    cuts = [0]
    for index in range(1, len(word)):
        before, here, after = word[index - 1], word[index], word[index + 1 : index + 2]
        if here.isupper() and (not before.isupper() or after.islower()):
            cuts.append(index)
    return [word[start:end] for start, end in zip(cuts, [*cuts[1:], len(word)], strict=True)]


def asked(text: str, *, prefix: bool = False) -> tuple[Term, ...]:
    """What a word or phrase of a query stands for: any of these terms; none where it has no words.

    ``prefix``: its last word may go on.
    """
    text = plain(text)
    found: list[str] = _ANY_WORD.findall(text)
    if not found:
        return ()
    split = [part for word in found for part in _parts(word)]
    last = found[-1]
    if _is_unspaced(last):
        # A sign may follow; there is none that could follow Han, kana or Hangul.
        prefix = _ALONE_ONE.match(split[-1]) is None
    terms = [_term(split, prefix)]
    joined = [part for word in found for part in (_parts(word) if _is_unspaced(word) else (word,))]
    terms.append(_term(joined, prefix))
    # foo.bar is said of foo-bar as well; only a point before everything is what makes a name.
    terms.append(_term([*split[:1], *(word for word in split[1:] if word != ".")], prefix))
    if len(found) == 1 and _may_be_whole(last):
        terms.append(_term(["=" + last], prefix))
    return tuple(dict.fromkeys(terms))


def _may_be_whole(word: str) -> bool:
    return len(word) >= _SHORTEST_PARTED - 1 and not word.isdigit() and not _is_unspaced(word)


def _term(found: Sequence[str], prefix: bool) -> Term:
    return Term(tuple(word.casefold()[:LONGEST] for word in found), prefix)


def places(text: str) -> Iterator[Place]:
    """The words of a text with their places in it, in their order; a whole name follows its parts."""
    simple, offsets = _mapped(text)
    for match in (_ASCII_WORD if simple.isascii() else _ANY_WORD).finditer(simple):
        word, at = match[0], match.start()
        parts = _parts(word)
        start = at
        for part in parts:
            end = min(start + len(part), at + len(word))
            yield _place(part, start, end, offsets)
            start = end
        if len(parts) > 1 and not _is_unspaced(word):
            yield _place("=" + word, at, at + len(word), offsets)


def _place(word: str, start: int, end: int, offsets: Sequence[tuple[int, int]] | None) -> Place:
    folded = word.casefold()
    if offsets is None:
        return folded, start, end
    return folded, offsets[start][0], offsets[end - 1][1]


@lru_cache(4096)
def _plain_cluster(text: str) -> str:
    return plain(text)


def _mapped(text: str) -> tuple[str, list[tuple[int, int]] | None]:
    """``plain(text)``, and where each of its characters comes from; None where it is the text itself."""
    if text.isascii():
        return text, None
    pieces: list[str] = []
    offsets: list[tuple[int, int]] = []
    for match in _CLUSTER.finditer(text):
        start, end = match.span()
        piece = _plain_cluster(match[0])
        pieces.append(piece)
        if piece.isascii() and len(piece) == end - start:
            offsets += zip(range(start, end), range(start + 1, end + 1), strict=True)
        else:
            offsets += [(start, end)] * len(piece)
    return "".join(pieces), offsets
