"""How much a text looks like chance: what tells a secret from a word, a name, or a place to put one."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from math import log2
from typing import Final

_ENOUGH: Final = 96
_WORDS: Final = re.compile(r"[a-z]{5,}")
_DIGITS: Final = re.compile(r"[0-9]")
_VOWEL: Final = re.compile(r"[aeiouy][^aeiouy]{1,2}[aeiouy]")
_PART: Final = re.compile(
    r"(?:(?:[A-Z]?[a-z]{2,}){1,3}[0-9]{0,3}|[A-Z]{2,}[0-9]{0,3}|[A-Za-z][0-9]{0,3}|[0-9]{1,4})"
    r"(?:[_\-./: ]|\Z)"
)
_PLACEHOLDER: Final = re.compile(
    r"your|example|placeholder|change[-_]?(?:me|it)|dummy|sample|foo_?bar|redacted|replace|insert|secret_?here"
    r"|password_?here|token_?here|key_?here|fake|mock|undefined|not[-_]?set|(?:\A|[^a-z])(?:none|null|todo)\b"
    r"|(.)\1{5}|1234567|abcdefg|qwerty|deadbeef|lorem|0123456",
    re.IGNORECASE,
)


def bits(text: str) -> float:
    """Shannon's entropy of the characters of ``text``, in bits for the whole of its beginning."""
    size = len(text := text[:_ENOUGH])
    return sum(count * log2(size / count) for count in Counter(text).values())


def is_placeholder(text: str) -> bool:
    """Whether a text only says where a secret belongs, or is one that everybody knows."""
    return _PLACEHOLDER.search(text) is not None


def is_random(text: str, *, digits: bool = False) -> bool:
    """Whether a text of letters and digits looks like chance: no words, no name, no counting, no placeholder.

    With ``digits`` it must have some.
    """
    text = text[:_ENOUGH]
    size = len(text)
    if size < 6:
        return False
    counted = len(_DIGITS.findall(text))
    if counted == 0 and (digits or size < 20 or not _is_mixed(text)):
        return False
    if counted == size or bits(text) < size * min(2.9, 0.72 * log2(size)) or is_placeholder(text):
        return False
    if counted < 0.08 * size and any(_VOWEL.search(word) for word in _WORDS.findall(text)):
        return False
    return sum(len(part[0]) for part in _PART.finditer(text)) < 0.75 * size


def _is_mixed(text: str) -> bool:
    """Whether capitals and small letters follow each other as they do in no name."""
    letters = [char.isupper() for char in text if char.isalpha()]
    changes = sum(a != b for a, b in pairwise(letters))
    return changes >= 0.3 * len(text)
