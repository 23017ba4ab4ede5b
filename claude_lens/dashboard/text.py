"""Text of strangers made safe to show: what would steer a page, a terminal or an eye becomes visible."""

from __future__ import annotations

import re
from typing import Any, Final

from markupsafe import Markup

# Overrides and isolates can make text read as something else; marks that real scripts need stay.
_BIDI: Final = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_TABLE: Final[dict[int, str]] = (
    {code: chr(0x2400 + code) for code in range(0x20) if code not in (0x09, 0x0A)}
    | {0x7F: "\u2421", 0x0D: "\n", 0x85: "\n", 0x2028: "\n", 0x2029: "\n"}
    | {code: "\ufffd" for code in range(0x80, 0xA0) if code != 0x85}
    | {code: f"\u2039U+{code:04X}\u203a" for code in _BIDI}
    | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
    | {0xFEFF: "", 0xFFFE: "\ufffd", 0xFFFF: "\ufffd"}
)
_SUSPECT: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_ANSI: Final = re.compile(
    r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)|[@-Z\\-_])"
)


def clean(text: str) -> str:
    """``text`` with control characters, bidirectional overrides, lone surrogates shown as what they are."""
    if not _SUSPECT.search(text):
        return text
    return text.replace("\r\n", "\n").translate(_TABLE)


def without_ansi(text: str) -> str:
    """``text`` as a terminal would leave it, colours and cursor movements dropped."""
    return _ANSI.sub("", text) if "\x1b" in text else text


def cut(text: str, limit: int) -> tuple[str, int]:
    """At most ``limit`` characters, up to the end of a line where one is near, and how many are left."""
    if len(text) <= limit:
        return text, 0
    end = text.rfind("\n", limit - limit // 4, limit)
    shown = text[: end if end > 0 else limit]
    return shown, len(text) - len(shown)


def finalize(value: Any) -> Any:
    """What templates do to every value they print."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return clean(value)
    return "" if value is None else value
