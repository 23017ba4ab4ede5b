"""Content blocks as a page shows them: each kind for what it is, an unknown one as JSON, none dropped.

Every block knows where its text lies (``Ref``), so that what is cut can be asked for in full.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

from markupsafe import Markup

from claude_lens.dashboard import text
from claude_lens.dashboard.markdown import highlighted, markdown
from claude_lens.dashboard.templating import pretty
from claude_lens.messages.blocks import kind, thought
from claude_lens.messages.blocks import role as role_of
from claude_lens.messages.blocks import text as text_of
from claude_lens.messages.written import Piece, pieces

SHOWN: Final = 4_000
SHOWN_LINES: Final = 60
FOLDED: Final = 2_500
IMAGE_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@dataclass(frozen=True, slots=True)
class Ref:
    """A place in a stored content or a body: its key or address, then keys and indices down its JSON."""

    content: int | str
    path: tuple[str | int, ...] = ()

    def at(self, *more: str | int) -> Ref:
        """A place further down."""
        return Ref(self.content, (*self.path, *more))

    @property
    def url(self) -> str:
        """Address of what lies there."""
        root = f"/content/{self.content}" if isinstance(self.content, int) else self.content
        return f"{root}/" + "/".join(quote(str(part), safe="") for part in self.path)


@dataclass(frozen=True, slots=True)
class Code:
    """Text in fixed width, cut where it is long. ``left`` characters are missing, ``full`` has them."""

    html: Markup
    lines: int
    characters: int
    left: int
    full: str


@dataclass(slots=True)
class Block:
    """One block. ``kind`` names its template; ``data`` is what that needs; ``anchor`` its permanent name."""

    kind: str
    anchor: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def of_message(message: Any, ref: Ref, anchor: str) -> list[Block]:
    """The blocks of a message, whose content is a text or a list of blocks."""
    content = message.get("content") if isinstance(message, Mapping) else message
    place, role = ref.at("content"), role_of(message)
    if isinstance(content, str):
        return of_text(content, place, anchor, role=role)
    if not isinstance(content, list):
        return [unknown(content, place, anchor)]
    found: list[Block] = []
    for index, block in enumerate(content):
        found += of_block(block, place.at(index), f"{anchor}-{index}", role)
    return found


def of_block(block: Any, ref: Ref, anchor: str, role: str = "user") -> list[Block]:
    """What one block is shown as; a text may hold what the client put in, which is shown apart."""
    if not isinstance(block, Mapping):
        is_text = isinstance(block, str)
        return of_text(block, ref, anchor, role=role) if is_text else [unknown(block, ref, anchor)]
    if (words := text_of(block)) is not None:
        return of_text(words, ref.at("text"), anchor, block.get("citations"), role=role)
    if (words := thought(block)) is not None:
        data = {"code": code(words, ref.at("thinking"), limit=FOLDED * 3), "words": len(words.split())}
        return [Block("thinking", anchor, data)]
    what = kind(block)
    if what == "thinking" and "thinking" not in block:
        return [Block("thinking", anchor, {"code": None, "words": 0})]
    if what in ("image", "document"):
        return [media(block, ref, anchor)]
    return [unknown(block, ref, anchor)]


def of_text(words: str, ref: Ref, anchor: str, citations: Any = None, *, role: str = "user") -> list[Block]:
    """Text as Markdown, and what the client put into it folded. The model's own words are its own."""
    found: list[Block] = []
    if role == "assistant":
        cut = [Piece("human", words)] if words.strip() else []
    else:
        cut = [Piece("notice", words, "system message")] if role == "system" else pieces(words)
    for piece in cut:
        name = anchor if not found else f"{anchor}.{len(found)}"
        if piece.origin == "human":
            found += _prose(piece.words, ref, name)
        elif told := piece.words.strip():
            label = piece.element or piece.origin
            data = {"code": code(told, ref, limit=FOLDED), "head": _head(told), "label": label}
            found.append(Block("reminder", name, data))
    if citations:
        found.append(unknown({"citations": citations}, ref, f"{anchor}.citations"))
    return found


def _prose(words: str, ref: Ref, anchor: str) -> list[Block]:
    if not words.strip():
        return []
    shown, left = text.cut(words, SHOWN * 4)
    return [Block("text", anchor, {"html": markdown(shown), "left": left, "full": ref.url})]


def _head(words: str) -> str:
    line = next((line.strip("# ") for line in words.split("\n") if line.strip()), "")
    return line[:100]


def unknown(value: Any, ref: Ref, anchor: str) -> Block:
    """JSON of whatever it is."""
    name = value.get("type") if isinstance(value, Mapping) else None
    shown = code(pretty(value), ref, "json", limit=FOLDED)
    return Block("unknown", anchor, {"name": str(name or "unknown"), "code": shown})


def media(block: Mapping[str, Any], ref: Ref, anchor: str) -> Block:
    """An image or a document: its own bytes from the store, never something from outside."""
    source = block.get("source")
    source = source if isinstance(source, Mapping) else {}
    kind, encoded = str(source.get("media_type") or ""), source.get("data")
    own = source.get("type") == "base64" and isinstance(encoded, str) and kind in IMAGE_TYPES
    data = {
        "what": str(block.get("type")),
        "image": ref.at("source").url if own else None,
        "media_type": kind or str(source.get("type") or "unknown"),
        "bytes": len(encoded) * 3 // 4 if isinstance(encoded, str) else None,
        "address": str(source.get("url") or source.get("file_id") or ""),
        "title": str(block.get("title") or ""),
    }
    return Block("media", anchor, data)


def code(source: str, ref: Ref, language: str = "", *, limit: int = SHOWN, lines: int = SHOWN_LINES) -> Code:
    """Text in fixed width, highlighted where its language is known, cut at so many characters and lines."""
    plain = text.without_ansi(source)
    total = plain.count("\n") + 1 if plain else 0
    shown, left = text.cut(plain, limit)
    many = shown.split("\n")
    if len(many) > lines:
        kept = "\n".join(many[:lines])
        left += len(shown) - len(kept)
        shown = kept
    return Code(highlighted(shown, language), total, len(plain), left, ref.url)


def texts_of(content: Any) -> Iterator[str]:
    """The texts in a message's or a tool result's content."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Sequence):
        for block in content:
            if (words := text_of(block)) is not None:
                yield words


def web_address(value: Any) -> str | None:
    """``value`` where it is a web address that may be a link."""
    if not isinstance(value, str) or len(value) > 2_000:
        return None
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return None
    return value if usable and text.clean(value) == value else None
