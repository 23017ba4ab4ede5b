from __future__ import annotations

import pytest

from claude_lens.redact.forms import FORMS, is_edge


def test_every_form_compiles_and_names_its_secret() -> None:
    for form in FORMS:
        assert "s" in form.pattern.groupindex, form.kind
        assert form.anchors


@pytest.mark.parametrize(
    "before",
    [
        "",
        " ",
        "\x1b[31m",
        "\x1b[m\x1b[K",
        "\\x1b[31m",
        "\\u001b[0m",
        "\\033[1m",
        "\\0",
        "\\n",
        "\\t",
        "=3D",
        "%3D",
        "\\x3d",
        "\\u0020",
    ],
)
def test_a_word_ends_with_an_escape(before: str) -> None:
    assert is_edge(before + "x", len(before), 2)


def test_within_a_word_nothing_begins() -> None:
    assert not is_edge("ax", 1, 1)
    assert not is_edge("1x", 1, 1)
    assert is_edge("_x", 1, 1)
    assert is_edge("KEY-x", 4, 1)
    assert not is_edge("_x", 1, 2)
    assert is_edge("ax", 1, 2, {1})
    assert is_edge("éx", 1, 2)
