from __future__ import annotations

import pytest

from claude_lens.store.lexing import Term, asked
from claude_lens.store.reading.snippets import matches, snippet


def terms(*said: str, prefix: bool = False) -> list[Term]:
    return [term for word in said for term in asked(word, prefix=prefix)]


@pytest.mark.parametrize(
    ("text", "said", "expected"),
    [
        ("Café foo_bar cafeteria", ["cafe", "bar"], ["Café", "bar"]),
        ("call fooBar, foobar and foo_bar", ["foobar"], ["fooBar", "foobar"]),
        ("call fooBar, foobar and foo_bar", ["fooBar"], ["fooBar", "foobar", "foo", "bar"]),
        ("call fooBar", ["bar", "foo"], ["foo", "Bar"]),
        ("in C++ and C", ["C++"], ["C++"]),
        ("cp .env env", [".env"], [".env"]),
        ("今天玩成语接龙游戏", ["成语接龙"], ["成语接龙"]),
        ("ยินดีต้อนรับสู่ภาษาไทย", ["ภาษา"], ["ภาษา"]),
        ("de\u0301ja\u0300 vu", ["deja"], ["de\u0301ja\u0300"]),
        ("a b c a c", ["a b"], ["a", "b"]),
        ("say --dangerously-skip-permissions", ["--dangerously-skip"], ["dangerously", "skip"]),
    ],
)
def test_what_is_marked(text: str, said: list[str], expected: list[str]) -> None:
    assert [text[a:b] for a, b in matches(text, terms(*said))] == expected


def test_beginnings() -> None:
    text = "Café cafeteria getCafe"
    found = matches(text, terms("caf", prefix=True))
    assert [text[a:b] for a, b in found] == ["Café", "cafeteria", "Cafe"]


def test_a_snippet_shows_most_of_the_words() -> None:
    text = "one " * 100 + "two one three " + "four " * 100
    piece, places = snippet(text, terms("two", "three"))
    assert [piece[a:b] for a, b in places] == ["two", "three"]
    assert len(piece) <= 160
    assert snippet("a\nb", terms("x")) == ("a b", [])
    assert "\x1b" not in snippet("red \x1b[31m word", terms("word"))[0]


def test_a_long_text_is_searched_to_its_end() -> None:
    text = "lorem ipsum\n" * 40_000 + "the needleHere"
    piece, places = snippet(text, terms("needle"))
    assert [piece[a:b] for a, b in places] == ["needle"]
    assert len(matches("lorem " * 40_000, terms("lorem"))) >= 2000
