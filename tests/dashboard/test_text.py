"""Text that would steer a page or an eye is shown as what it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from claude_lens.dashboard.text import clean, cut, finalize, without_ansi


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("plain ünïcode 🙂 العربية", "plain ünïcode 🙂 العربية"),
        ("a\0b", "a\u2400b"),
        ("\x1b[31m", "\u241b[31m"),
        ("a\r\nb\rc\u2028d\x85e", "a\nb\nc\nd\ne"),
        ("\u202egnp.exe", "\u2039U+202E\u203agnp.exe"),
        ("\u2066x\u2069", "\u2039U+2066\u203ax\u2039U+2069\u203a"),
        ("\ud800\udfff", "\ufffd\ufffd"),
        ("\x9b\ufeff\uffff", "\ufffd\ufffd"),
        ("\x7f\b\f", "\u2421\u2408\u240c"),
        ("tab\tstays", "tab\tstays"),
    ],
)
def test_cleaned(given_text: str, shown: str) -> None:
    assert clean(given_text) == shown


@given(st.text(st.characters(), max_size=60))
def test_cleaned_text_is_utf8_and_stays(words: str) -> None:
    once = clean(words)
    once.encode()
    assert clean(once) == once


def test_ansi_is_dropped() -> None:
    assert without_ansi("\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07\x1b[2K") == "red link"
    assert without_ansi("no escape") == "no escape"


def test_a_hostile_escape_takes_no_time() -> None:
    assert len(without_ansi("\x1b[" + "0;" * 200_000)) > 1
    assert without_ansi("\x1b]" + "x" * 200_000).startswith("x" * 100) is True


@pytest.mark.parametrize(
    ("words", "limit", "expected"),
    [("short", 10, ("short", 0)), ("one\ntwo\nthree", 9, ("one\ntwo", 6)), ("x" * 20, 10, ("x" * 10, 10))],
)
def test_cut_at_a_line(words: str, limit: int, expected: tuple[str, int]) -> None:
    assert cut(words, limit) == expected


def test_templates_print_clean_values() -> None:
    assert finalize(None) == ""
    assert finalize(0) == 0
    assert finalize("\0") == "\u2400"
    assert finalize(Markup("<b>\0</b>")) == Markup("<b>\0</b>")
