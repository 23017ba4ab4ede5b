"""A kind of difference: what differs, where, why, and whether it is for the better."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

Verdict = Literal["better", "equal", "worse"]
ALL = ("anthropic", "chat", "openai", "responses", "gemini", "ollama", "deepseek")
OTHERS = ALL[1:]
TRANSLATED = ALL[1:-1]


@dataclass(frozen=True, slots=True)
class Kind:
    """Why ``patterns`` (``*`` stands for anything) differ in ``formats``; each begins with its side."""

    text: str
    verdict: Verdict
    side: Literal["provider", "client"]
    patterns: tuple[str, ...]
    formats: tuple[str, ...] = ALL

    def covers(self, form: str, label: str, patterns: tuple[str, ...] | None = None) -> bool:
        """Whether this is the kind of that difference in that format."""
        side, _, rest = label.partition(" ")
        listed = self.patterns if patterns is None else patterns
        return (
            side == self.side and form in self.formats and any(_regex(one).fullmatch(rest) for one in listed)
        )


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")))
