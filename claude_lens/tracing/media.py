"""Images, documents and other bulk in messages: named with type and size, never sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from claude_lens.messages import blocks

_DATA_URL: Final = re.compile(r"data:([\w.+/-]*)(?:;[\w=.+-]+)*;base64,", re.IGNORECASE)
_BULK: Final = 256
"""From so many characters on, base64 in a string is bulk."""
_CHAT_MEDIA: Final = ("image_url", "input_audio", "file", "input_image", "input_file", "video_url")


def label(block: Mapping[str, Any]) -> str | None:
    """``[image image/png, 1234 bytes of base64]`` for a block of media; None for any other block."""
    kind = block.get("type")
    source = block.get("source")
    if isinstance(source, Mapping):
        told = source.get("media_type") or _address(source.get("url")) or source.get("file_id") or ""
        return _label(kind, told, source.get("data"))
    for name in _CHAT_MEDIA:
        if kind == name and name in block:
            return _chat_label(kind, block[name])
    return None


def _chat_label(kind: Any, inner: Any) -> str:
    if isinstance(inner, Mapping):
        data = inner.get("url") or inner.get("data") or inner.get("file_data") or ""
        told = inner.get("format") or inner.get("filename") or ""
    else:
        data, told = inner, ""
    found = _DATA_URL.match(data) if isinstance(data, str) else None
    if found is not None:
        return _label(kind, told or found[1], data[found.end() :])
    return _label(
        kind, told or _address(data), data if isinstance(inner, Mapping) and "url" not in inner else None
    )


def _label(kind: Any, told: Any, data: Any) -> str:
    size = f", {len(data)} bytes of base64" if isinstance(data, str) and data else ""
    words = f"{kind or 'media'} {told or ''}".strip()
    return f"[{words}{size}]"


def _address(url: Any) -> str:
    """An address without what may be a signature in it; a data URL says nothing."""
    return url.partition("?")[0][:200] if isinstance(url, str) and not url.startswith("data:") else ""


def named(value: Any) -> Any:
    """JSON in which every block of media, however deep, is a text block that names it."""
    if isinstance(value, Mapping):
        if (words := label(value)) is not None:
            return blocks.text_block(words)
        return {key: named(item) for key, item in value.items()}
    if isinstance(value, list):
        return [named(item) for item in value]
    return without_data(value) if isinstance(value, str) else value


def without_data(words: str) -> str:
    """A text whose data URLs are named, as tools print them."""
    if "base64," not in words:
        return words
    return re.sub(
        _DATA_URL.pattern + rf"[A-Za-z0-9+/=_-]{{{_BULK},}}",
        lambda found: f"[{found[1] or 'data'}, {len(found[0])} bytes of base64]",
        words,
        flags=re.IGNORECASE,
    )
