"""Limits as people write them: ``2/day``, ``$15``, ``200/hour``, ``7d:90%``.

Each reader raises ``ValueError`` with one sentence that says what would be right.
"""

from __future__ import annotations

import re
from typing import Final

from claude_lens.guard.rules import PlanWindow
from claude_lens.guard.windows import WINDOWS, Window

MONEY: Final = "dollars, with a window or for a session's life: 2/day, 50/week, 30/month or 15"
REQUESTS: Final = "a number of requests, with a window or for a session's life: 200/hour, 1000/day or 500"
PLAN: Final = "a window of the plan and a share of it: 5h:80% or 7d:90%"
SHARE: Final = "a share between 1% and 100%: 80%"

_AMOUNT: Final = re.compile(
    r"\$?\s*(\d{1,12}(?:\.\d{0,9})?|\.\d{1,9})\s*(?:\$|usd)?\s*(?:(?:/|\bper\b|\ban?\b)\s*([a-z]+)\s*)?",
    re.IGNORECASE,
)
_COUNT: Final = re.compile(
    r"(\d{1,12})\s*(?:requests?)?\s*(?:(?:/|\bper\b|\ban?\b)\s*([a-z]+)\s*)?", re.IGNORECASE
)
_PLAN: Final = re.compile(r"(5h|7d)\s*[:=]\s*(\d{1,3}(?:\.\d{1,6})?)\s*%", re.IGNORECASE)
_SHARE: Final = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%")
_SHORT: Final[dict[str, Window]] = {
    "h": "hour",
    "d": "day",
    "w": "week",
    "daily": "day",
    "m": "month",
    "mo": "month",
}


def money(text: str) -> tuple[float, Window | None]:
    """Dollars and window of ``2/day``."""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no limit: expected {MONEY}")
    return float(found[1]), _window(text, found[2], MONEY)


def requests(text: str) -> tuple[float, Window | None]:
    """Number and window of ``200/hour``."""
    found = _COUNT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no limit: expected {REQUESTS}")
    return float(found[1]), _window(text, found[2], REQUESTS)


def plan(text: str) -> tuple[PlanWindow, float]:
    """Window and share of 1 of ``7d:90%``."""
    found = _PLAN.fullmatch(text.strip())
    share = float(found[2]) / 100 if found else 0.0
    if found is None or not 0 < share <= 1:
        raise ValueError(f"{text!r} is no limit of the plan: expected {PLAN}")
    return ("5h" if found[1].lower() == "5h" else "7d"), share


def share(text: str) -> float:
    """The part of 1 in ``80%``."""
    found = _SHARE.fullmatch(text.strip())
    value = float(found[1]) / 100 if found else 0.0
    if not 0.01 <= value <= 1:
        raise ValueError(f"{text!r} is no share: expected {SHARE}")
    return value


def whole(text: str, what: str) -> float:
    """A count of ``what``."""
    if not re.fullmatch(r"\d{1,9}", text.strip()):
        raise ValueError(f"{text!r} is no number of {what}: expected a whole number such as 40")
    return float(text)


def _window(text: str, word: str | None, expected: str) -> Window | None:
    if word is None:
        return None
    name = word.lower()
    for window in WINDOWS:
        if name in (window, f"{window}s"):
            return window
    if name in _SHORT:
        return _SHORT[name]
    raise ValueError(f"{text!r} names no window: expected {expected}")
