"""Differences of texts, by lines and by characters."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from claude_lens.dashboard.differences import MOST_LINES, difference


def shape(old: str, new: str) -> list[tuple[str, str]]:
    """Kinds and texts."""
    return [
        (line.kind, str(line.html) if line.kind != "gap" else str(line.count))
        for line in difference(old, new)
    ]


def test_a_changed_word_is_marked() -> None:
    assert shape("a\nsay helo\nz", "a\nsay hello\nz") == [
        ("same", "a"),
        ("del", "say helo"),
        ("add", "say hel<ins>l</ins>o"),
        ("same", "z"),
    ]


def test_lines_that_have_nothing_in_common_are_not_marked() -> None:
    assert shape("abcdefgh", "12345678") == [("del", "abcdefgh"), ("add", "12345678")]


def test_what_stays_far_from_changes_is_folded() -> None:
    lines = [str(number) for number in range(40)]
    found = shape("\n".join(lines), "\n".join([*lines[:20], "new", *lines[20:]]))
    assert found[0] == ("gap", "17")
    assert found[-1] == ("gap", "17")
    assert ("add", "new") in found
    assert len(found) == 9


def test_from_nothing_all_is_new() -> None:
    assert [kind for kind, _ in shape("", "a\nb")] == ["add", "add"]
    assert [kind for kind, _ in shape("a\nb", "")] == ["del", "del"]
    assert shape("", "") == []


def test_the_end_of_the_last_line_is_no_line() -> None:
    assert [line.kind for line in difference("", "a\nb\n")] == ["add", "add"]
    assert [line.kind for line in difference("a\n", "a\nb\n")] == ["same", "add"]
    assert [line.kind for line in difference("a", "a\n")] == ["same", "add"]


def test_markup_stays_text() -> None:
    assert "<script>" not in "".join(str(line.html) for line in difference("<script>x", "<script>y"))
    assert isinstance(difference("a", "b")[0].html, Markup)


def test_long_texts_and_lines_are_cut() -> None:
    started = time.monotonic()
    many = "\n".join(str(number) for number in range(10_000))
    assert difference(many, many + "\nx")[-1].count == 10_001 - MOST_LINES
    wide = difference("x" * 5_000_000, "y" * 5_000_000)
    assert sum(len(line.html) for line in wide) < 3_000
    assert time.monotonic() - started < 5


@given(
    st.lists(st.sampled_from(["a", "b", "cc", ""]), max_size=12),
    st.lists(st.sampled_from(["a", "b", "cd"]), max_size=12),
)
def test_both_texts_can_be_read_from_it(old: list[str], new: list[str]) -> None:
    lines = difference("\n".join(old), "\n".join(new), context=100)
    plain = [(line.kind, line.html.striptags()) for line in lines if line.kind != "gap"]
    folded = sum(line.count for line in lines if line.kind == "gap")
    if not folded:
        assert "\n".join(text for kind, text in plain if kind != "add") == "\n".join(old)
        assert "\n".join(text for kind, text in plain if kind != "del") == "\n".join(new)
