"""Markdown of strangers to HTML: rendered without raw HTML, highlighted, then sanitised all the same."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, Final

import nh3
from markupsafe import Markup, escape

from claude_lens.dashboard import text

LONGEST: Final = 60_000
"""Characters beyond which text is shown as it is: parsing would take longer than anybody waits."""

LONGEST_CODE: Final = 40_000
_LONGEST_LINE: Final = 4_000

_TAGS: Final = {
    "a", "b", "blockquote", "br", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i",
    "li", "ol", "p", "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_CLASSES: Final = {"span": {"class"}, "pre": {"class"}, "div": {"class"}, "a": {"href", "title"}}


def markdown(source: str) -> Markup:
    """HTML of a Markdown text: links to http, https and mailto alone, images as links, no HTML of its own."""
    source = text.clean(source)
    if len(source) > LONGEST or any(len(line) > _LONGEST_LINE for line in source.split("\n")):
        return Markup('<div class="plain">{}</div>').format(source)
    # Markup from renderer and sanitiser alone, never from the text itself.
    return Markup(_sanitised(_parser().render(source)))


def highlighted(source: str, language: str) -> Markup:
    """Code with its parts in classes; plain where the language is unknown or the code is long."""
    source = text.clean(source)
    if len(source) > LONGEST_CODE or _lexer(language) is None:
        return escape(source)
    return _coloured(source, language)


def language_of(path: str) -> str:
    """The highlighter's name for a file; empty where none fits."""
    name = path.replace("\\", "/").rpartition("/")[2]
    stem, dot, suffix = name.rpartition(".")
    return suffix.lower() if dot and stem else name.lower()


def _sanitised(html: str) -> str:
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_CLASSES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        allowed_classes=None,
        attribute_filter=_attribute,
    )


def _attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "href":
        # A relative link of a stranger's would lead into the dashboard.
        return value if value.lower().startswith(("http://", "https://", "mailto:")) else None
    if attribute != "class":
        return value
    # Pygments' classes are one or two letters and digits; whatever else claims to be a class is not ours.
    kept = [name for name in value.split() if len(name) <= 3 or name == "code"]
    return " ".join(kept) or None


@cache
def _parser() -> Any:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "highlight": _fence}).enable(
        ["table", "strikethrough"]
    )
    parser.add_render_rule("image", _image)
    parser.add_render_rule("link_open", _link)
    parser.add_render_rule("heading_open", _heading)
    parser.add_render_rule("heading_close", _heading)
    return parser


def _fence(code: str, language: str, _attributes: str) -> str:
    return f'<pre class="code">{highlighted(code.rstrip(), language)}</pre>'


def _image(_self: Any, tokens: Any, index: int, _options: Any, _env: Any) -> str:
    """Images of strangers are not loaded; their address is named."""
    token = tokens[index]
    return f"<span>[image: {escape(token.content)} {escape(str(token.attrs.get('src', '')))}]</span>"


def _link(self: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    address = str(token.attrs.get("href", ""))
    # Where a link leads is shown on hover; what the text says of itself is not shown there.
    token.attrs["title"] = address
    return str(self.renderToken(tokens, index, options, env))


def _heading(_self: Any, tokens: Any, index: int, _options: Any, _env: Any) -> str:
    """Headings inside a conversation stay below the page's own."""
    token = tokens[index]
    level = min(int(token.tag[1]) + 3, 6)
    return f"<{'/' if token.nesting < 0 else ''}h{level}>"


@lru_cache(128)
def _coloured(source: str, language: str) -> Markup:
    """The same file is read again and again, and the end of a running session is drawn anew all the time."""
    from pygments import highlight

    return Markup(highlight(source, _lexer(language), _formatter()).removesuffix("\n"))


@cache
def _lexer(language: str) -> Any:
    if not language:
        return None
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@cache
def _formatter() -> Any:
    from pygments.formatters import HtmlFormatter

    return HtmlFormatter(nowrap=True)
