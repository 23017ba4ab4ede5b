# ruff: noqa: RUF001 - letters of many scripts
from __future__ import annotations

import pytest

from claude_lens.store.lexing import LONGEST, Term, asked, folded, places, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Café's foo_bar.baz", "the cafe s foo bar . baz"),
        ("fooBar getHTTP2Response XMLHttpRequest", "foo bar get http2 response xml http request"),
        ("iOS utf8 SCREAMING_CASE 42nd", "ios utf8 screaming case 42nd"),
        ("C++ C# i++ c++17 a+b # 1", "c ++ c # i ++ c ++ 17 a b 1"),
        (".env a/.env main.py end. ...", ". env a . env main . py end"),
        ("cafe\u0301 İstanbul STRASSE straße ﬁn ＦＵＬＬ", "cafe istanbul strasse strasse fin full"),
        ("größeÄndern", "grosse andern"),
        ("今天玩API接口", "今 天 玩 api 接 口"),
        ("검색을 \u1100\u1161", "검 색 을 가"),
        ("ひらガナ ﾊﾟ ー", "ひ ら ガ ナ パ ー"),
        ("ภาษาไทย น้ำ", "ภา ษา ไ ท ย น\u0e49\u0e4d\u0e32"),
        ("ພາສາລາວ", "ພາ ສາ ລາ ວ"),
        ("ភាសាខ្មែរ", "ភា សា ខ្មែ រ"),
        ("မြန်မာစာ", "မြ န် မာ စာ"),
        ("हिन्दी में। क़", "हिन्दी में क़"),
        ("שָׁלוֹם مَرْحَبًا مـــد", "שלום مرحبا مد"),
        ("Ёлка ΟΔΟΣ", "елка οδοσ"),
        ("_ ' \\ \0 🎉 ++ #", ""),
        ("x" * 5000, "x" * LONGEST),
    ],
)
def test_the_words_never_change(text: str, expected: str) -> None:
    said = words(text).split()
    assert [word for word in said if not word.startswith("=")] == expected.split()
    assert said == [*expected.split(), *said[len(expected.split()) :]]


def test_whole_names_come_last_and_once() -> None:
    assert words("fooBar and fooBar") == "foo bar and foo bar =foobar"
    assert words("zB aBcD fooBar") == "z b a bc d foo bar =abcd =foobar" or "=foobar" in words("fooBar")
    assert "=" not in words(f"{'aB' * 40} UPPER lower 中文")


@pytest.mark.parametrize(
    ("said", "prefix", "terms"),
    [
        ("ab", False, (Term(("ab",)),)),
        ("foobar", False, (Term(("foobar",)), Term(("=foobar",)))),
        ("fooBar", True, (Term(("foo", "bar"), True), Term(("foobar",), True), Term(("=foobar",), True))),
        ("call fooBar", False, (Term(("call", "foo", "bar")), Term(("call", "foobar")))),
        ("C++", False, (Term(("c", "++")),)),
        (".env.local", False, (Term((".", "env", ".", "local")), Term((".", "env", "local")))),
        ("--dangerously-skip", False, (Term(("dangerously", "skip")),)),
        ("成语", True, (Term(("成", "语")),)),
        ("ไทย", False, (Term(("ไ", "ท", "ย"), True),)),
        ("12", False, (Term(("12",)),)),
        ("🎉 ++", False, ()),
    ],
)
def test_what_a_query_asks_for(said: str, prefix: bool, terms: tuple[Term, ...]) -> None:
    assert asked(said, prefix=prefix) == terms


@pytest.mark.parametrize(
    "text",
    ["callFooBar .env C++", "Cafe\u0301 in größeÄndern", "玩API接口", "ﾊﾟﾝ น้ำ ខ្មែរ", "हिन्दी \u1100\u1161"],
)
def test_places_are_the_words_of_the_index(text: str) -> None:
    found = list(places(text))
    said = words(text).split()
    assert sorted(word for word, _, _ in found) == sorted(said)
    assert all(0 <= start < end <= len(text) for _, start, end in found)
    assert all(folded(text[start:end]) == word.lstrip("=") for word, start, end in found)
