"""Money, tokens, times and sizes as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def money(usd: float | None) -> str:
    """US dollars; ``?`` where unknown, as an unknown price is not zero."""
    return "?" if usd is None else f"${usd:.4f}" if usd < 10 else f"${usd:,.2f}"


def count(number: float | None) -> str:
    """A count in short form: ``850``, ``12.3k``, ``4.5M``; ``-`` where there is none."""
    if number is None:
        return "-"
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if number >= limit:
            return f"{number / (1e3 if unit == 'k' else limit):.1f}{unit}"
    return f"{number:.0f}"


def duration(milliseconds: float | None) -> str:
    """Milliseconds for people: ``340 ms``, ``2.5 s``, ``3 m 20 s``, ``2 h 5 m``; ``-`` where unknown."""
    if milliseconds is None:
        return "-"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    minutes, rest = divmod(int(milliseconds / 1000), 60)
    if minutes < 60:
        return f"{minutes} m {rest} s"
    return f"{minutes // 60} h {minutes % 60} m"


def size(number: int | None) -> str:
    """Bytes for people, powers of 1024; ``-`` where there is none."""
    if number is None:
        return "-"
    value, unit = float(number), "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def clock(iso: str | None) -> str:
    """An ISO-8601 time as local date and time to the second; ``-`` where there is none."""
    return datetime.fromisoformat(iso).astimezone().strftime("%Y-%m-%d %H:%M:%S") if iso else "-"


def cache_share(usage: Mapping[str, Any] | None) -> str:
    """Share of the prompt that came from the provider's cache, in percent; ``-`` without tokens."""
    if not usage:
        return "-"
    read = usage.get("cache_read_input_tokens") or 0
    total = read + (usage.get("input_tokens") or 0) + (usage.get("cache_creation_input_tokens") or 0)
    return f"{100 * read / total:.0f} %" if total else "-"
