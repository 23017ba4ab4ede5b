"""Each kind of block for what it is; none is dropped."""

from __future__ import annotations

from typing import Any

import pytest

from claude_lens.dashboard.blocks import Ref, code, of_block, of_message, texts_of, web_address
from claude_lens.dashboard.templating import environment
from tests.dashboard.hostile import PAYLOADS

REF = Ref(7, ("content", 2))


def html_of(block: Any) -> str:
    """What the template makes of it."""
    module = environment().get_template("blocks.html").module
    return str(module.show(block, "s"))  # type: ignore[attr-defined]


def kinds(block: Any) -> list[str]:
    """Kinds of what a block becomes."""
    return [one.kind for one in of_block(block, REF, "b")]


def test_text_and_reminders_are_told_apart() -> None:
    words = "before <system-reminder>\nbe kind\n</system-reminder> after"
    shown = of_block({"type": "text", "text": words}, REF, "b-1")
    assert [one.kind for one in shown] == ["text", "reminder", "text"]
    assert [one.anchor for one in shown] == ["b-1", "b-1.1", "b-1.2"]
    assert shown[1].data["head"] == "be kind"


@pytest.mark.parametrize(
    ("block", "kind"),
    [
        ({"type": "thinking", "thinking": "hm", "signature": "x"}, "thinking"),
        ({"type": "redacted_thinking", "data": "x"}, "thinking"),
        ({"type": "image", "source": {"type": "url", "url": "https://evil.example/x.png"}}, "media"),
        ({"type": "document", "source": {"type": "text", "data": "x"}, "title": "t"}, "media"),
        ({"type": "from_the_future", "x": 1}, "unknown"),
        ({"type": "text"}, "unknown"),
        ({"type": "thinking", "thinking": 3}, "unknown"),
        ({}, "unknown"),
        (None, "unknown"),
        (3, "unknown"),
        ("just text", "text"),
    ],
)
def test_kinds(block: Any, kind: str) -> None:
    assert kinds(block) == [kind]


def test_an_unknown_block_is_on_the_page_as_json() -> None:
    (shown,) = of_block({"type": "from_the_future", "hue": "öchre"}, REF, "b")
    html = html_of(shown)
    assert "from_the_future" in html
    assert "öchre" in html


def test_own_images_come_from_the_store_and_foreign_ones_not_at_all() -> None:
    own = of_block(
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}, REF, "b"
    )
    assert 'src="/content/7/content/2/source"' in html_of(own[0])
    for media_type in ("image/svg+xml", "text/html", ""):
        source = {"type": "base64", "media_type": media_type, "data": "AAAA"}
        assert "<img" not in html_of(of_block({"type": "image", "source": source}, REF, "b")[0])
    foreign = of_block(
        {"type": "image", "source": {"type": "url", "url": "https://evil.example/x.png"}}, REF, "b"
    )
    html = html_of(foreign[0])
    assert "<img" not in html
    assert "not loaded" in html


def test_messages_have_texts_or_lists_or_neither() -> None:
    assert [one.kind for one in of_message({"content": "hi"}, Ref(1), "m")] == ["text"]
    blocks = of_message({"content": [{"type": "text", "text": "a"}, {"type": "new"}]}, Ref(1), "m")
    assert [(one.kind, one.anchor) for one in blocks] == [("text", "m-0"), ("unknown", "m-1")]
    assert [one.kind for one in of_message({"content": {"odd": 1}}, Ref(1), "m")] == ["unknown"]
    assert of_message({"content": "  "}, Ref(1), "m") == []


def test_addresses_of_places_are_escaped() -> None:
    assert Ref(3, ("input", "a/b?", 0)).url == "/content/3/input/a%2Fb%3F/0"


def test_long_code_is_cut_by_characters_and_lines() -> None:
    assert code("x" * 10_000, REF).left == 6_000
    many = code("\n".join("x" * 3 for _ in range(500)), REF)
    assert many.lines == 500
    assert many.html.count("\n") == 59
    assert many.left == 1999 - 239


def test_citations_are_shown() -> None:
    shown = of_block({"type": "text", "text": "x", "citations": [{"url": "https://example.com"}]}, REF, "b")
    assert [one.kind for one in shown] == ["text", "unknown"]


def test_texts_of_contents() -> None:
    assert list(texts_of("a")) == ["a"]
    assert list(texts_of([{"type": "text", "text": "a"}, {"type": "image"}, "x"])) == ["a"]
    assert list(texts_of(None)) == []


@pytest.mark.parametrize(
    ("value", "usable"),
    [
        ("https://example.com/a", True),
        ("http://[::1]/", True),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("//x", False),
        ("https://a\u202eb/", False),
        ("http://[", False),
        (3, False),
        ("https://x/" + "y" * 3000, False),
    ],
)
def test_web_addresses(value: Any, usable: bool) -> None:
    assert (web_address(value) == value) is usable


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payloads_in_every_field_stay_text(payload: str) -> None:
    for block in (
        {"type": "text", "text": payload},
        {"type": "thinking", "thinking": payload},
        {"type": payload, payload: payload},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": payload}},
        {"type": "document", "title": payload, "source": {"type": payload, "url": payload}},
    ):
        for shown in of_block(block, REF, "b"):
            html = html_of(shown).lower()
            for bad in ("<script", "<svg on", "<iframe", "<img src=x", "<style", "<base", "<form", "<object"):
                assert bad not in html


def test_what_the_client_wrote_is_folded_and_what_the_model_says_is_not() -> None:
    summary = "This session is being continued from a previous conversation that ran out of context."
    (folded,) = of_message({"role": "user", "content": summary}, Ref(1), "m")
    assert (folded.kind, folded.data["label"]) == ("reminder", "summary")
    (environment,) = of_message({"role": "system", "content": "# Environment\nlong"}, Ref(1), "m")
    assert (environment.kind, environment.data["label"]) == ("reminder", "system message")
    quoted = "<system-reminder>\nis how it begins\n</system-reminder>"
    (said,) = of_message({"role": "assistant", "content": quoted}, Ref(1), "m")
    assert said.kind == "text"
