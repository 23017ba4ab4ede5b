from __future__ import annotations

from typing import Any

import pytest

from claude_lens.store.writing.words import columns, folded, matches, snippet

MESSAGE: dict[str, Any] = {
    "role": "assistant",
    "content": [
        {"type": "text", "text": "first"},
        {"type": "thinking", "thinking": "why", "signature": "no"},
        {
            "type": "tool_use",
            "id": "toolu_1",
            "name": "Bash",
            "input": {"command": "ls", "deep": [{"a": "b"}, 3]},
        },
        {"type": "text", "text": "second"},
        {"type": "novelty", "text": "nothing"},
    ],
}
RESULTS: dict[str, Any] = {
    "role": "user",
    "content": [
        {"type": "tool_result", "tool_use_id": "x", "content": "plain"},
        {"type": "tool_result", "content": [{"type": "text", "text": "listed"}, {"type": "image"}]},
        {"type": "text", "text": "and \ud800 go\0on"},
    ],
}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (MESSAGE, ("", "first\nsecond", "why", "Bash\nls\nb", "")),
        (RESULTS, ("and ? go\ufffdon", "", "", "", "plain\nlisted")),
        ({"role": "user", "content": "words"}, ("words", "", "", "", "")),
        ({"role": "system", "content": "environment"}, ("environment", "", "", "", "")),
        ({"role": "user", "content": []}, None),
        ({"name": "Tool", "description": "x"}, None),
        ({"type": "text", "text": "system block"}, None),
        ("text", None),
        (7, None),
    ],
)
def test_the_columns_never_change(message: Any, expected: tuple[str, ...] | None) -> None:
    assert columns(message) == expected


def test_words_are_compared_as_the_index_does() -> None:
    assert folded("Ärger CAFÉ") == "arger cafe"
    text = "Café foo_bar cafeteria"
    assert [text[a:b] for a, b in matches(text, [("cafe", False), ("bar", False)])] == ["Café", "bar"]
    assert [text[a:b] for a, b in matches(text, [("caf", True)])] == ["Café", "cafeteria"]


def test_a_snippet_shows_most_of_the_words() -> None:
    text = "one " * 100 + "two one three " + "four " * 100
    piece, places = snippet(text, [("two", False), ("three", False)])
    assert [piece[a:b] for a, b in places] == ["two", "three"]
    assert len(piece) <= 160
    assert snippet("a\nb", [("x", False)]) == ("a b", [])
    assert "\x1b" not in snippet("red \x1b[31m word", [("word", False)])[0]
