"""Markdown of strangers: what it may become, and what it never may."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_lens.dashboard.markdown import LONGEST, highlighted, language_of, markdown
from tests.dashboard.hostile import PAYLOADS


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("**bold** and *slanted*", "<strong>bold</strong> and <em>slanted</em>"),
        ("- one\n- two", "<li>one</li>"),
        ("| a |\n|---|\n| 1 |", "<td>1</td>"),
        ("~~gone~~", "<s>gone</s>"),
        ("line\nbreak", "<br>"),
        ("# Title", "<h4>Title</h4>"),
        ("`x < y`", "<code>x &lt; y</code>"),
    ],
)
def test_what_it_becomes(source: str, expected: str) -> None:
    assert expected in markdown(source)


def test_links_are_kept_apart() -> None:
    html = markdown("[docs](https://example.com/a?b=1&c=2)")
    assert 'href="https://example.com/a?b=1&amp;c=2"' in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///x", "JAVASCRIPT:x", "java\tscript:x"],
)
def test_other_schemes_are_no_links(address: str) -> None:
    assert "href" not in markdown(f"[x](<{address}>)")


def test_images_are_named_not_loaded() -> None:
    html = markdown("![a cat](https://evil.example/cat.png)")
    assert "<img" not in html
    assert "a cat" in html
    assert "https://evil.example/cat.png" in html


def test_code_is_highlighted() -> None:
    html = markdown("```python\ndef f(): return 1\n```")
    assert '<pre class="code">' in html
    assert '<span class="k">def</span>' in html


def test_unknown_languages_are_plain() -> None:
    assert "<span" not in markdown("```klingon\nif x then y\n```")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_becomes_markup(payload: str) -> None:
    html = str(markdown(payload))
    tags = set(re.findall(r"<([a-zA-Z][a-zA-Z0-9]*)", html))
    assert tags <= {
        "p", "a", "em", "strong", "code", "pre", "span", "div", "br", "table", "thead", "tbody", "tr", "th",
        "td", "blockquote", "ul", "ol", "li", "h4", "h5", "h6", "hr", "s",
    }  # fmt: skip
    for attribute in re.findall(r"<[a-z0-9]+ ([^>]*)>", html):
        names = set(re.findall(r'([a-z-]+)="', attribute))
        assert names <= {"href", "title", "class", "rel", "target"}, attribute
    assert not re.search(r'href="(?!https?:|mailto:)', html)


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("<>[]()!`*_#|-&\"'\\ \n:/jax&;=onerrscript"), max_size=120))
def test_nothing_made_of_such_signs_runs(source: str) -> None:
    html = str(markdown(source))
    assert not re.search(r"<(script|img|svg|iframe|style)", html)
    assert not re.search(r"<[^>]*\son\w+=", html)


def test_long_text_is_not_parsed() -> None:
    assert '<div class="plain">' in markdown("*x* " * LONGEST)
    assert '<div class="plain">' in markdown("<b>x" * 300_000)


@pytest.mark.timed
@pytest.mark.parametrize("nasty", ["[" * 20_000, "[](" * 15_000, "*_" * 25_000, "> " * 1_900, "`" * 3_999])
def test_nasty_text_takes_no_time(nasty: str) -> None:
    started = time.monotonic()
    markdown(nasty)
    assert time.monotonic() - started < 3


def test_highlighting_escapes() -> None:
    assert "<script>" not in highlighted("x = '<script>'", "python")
    assert highlighted("<b>", "") == "&lt;b&gt;"


@pytest.mark.parametrize(
    ("path", "language"),
    [("/a/b.py", "py"), ("C:\\x\\y.TS", "ts"), ("Makefile", "makefile"), (".env", ".env"), ("", "")],
)
def test_language_of_a_file(path: str, language: str) -> None:
    assert language_of(path) == language
