"""How commands talk: plain where nobody looks, in colour on a terminal, JSON where it is asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import click
from rich.console import Console

STATUS_STYLES = {
    "ok": "green",
    "error": "red",
    "cancelled": "yellow",
    "interrupted": "yellow",
    "running": "cyan",
}

json_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON."
)


def console() -> Console:
    """Standard output; rich drops colour by itself for ``NO_COLOR`` and where it is not a terminal."""
    plain = not sys.stdout.isatty()
    return Console(highlight=False, soft_wrap=plain, width=1000 if plain else None, emoji=False)


def print_json(value: object) -> None:
    """``value`` as indented JSON, non-ASCII as it is; lone surrogates escaped, so that any content prints."""
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2)
    print(text)


class Progress:
    """One line on standard error that is rewritten; silent where that is not a terminal."""

    def __init__(self, text: str) -> None:
        self._text, self._shown = text, False

    def __call__(self, seconds: float) -> None:
        """Show the seconds waited."""
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{self._text} {seconds:4.1f} s")
            sys.stderr.flush()
            self._shown = True

    def done(self) -> None:
        """Wipe the line."""
        if self._shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


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


def printable(text: str | None) -> str:
    """``text`` on one line, without control characters, which a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text or "")
