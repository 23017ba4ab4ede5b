"""How commands talk: plain where nobody looks, in colour on a terminal, JSON where it is asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

STATUS_STYLES = {
    "ok": "green",
    "error": "red",
    "cancelled": "yellow",
    "interrupted": "yellow",
    "refused": "yellow",
    "running": "cyan",
}

json_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON."
)


def console() -> Console:
    """Standard output; rich drops colour by itself for ``NO_COLOR`` and where it is not a terminal."""
    # Many commands only print lines, and should not wait for what draws tables.
    from rich.console import Console

    plain = not sys.stdout.isatty()
    return Console(highlight=False, soft_wrap=plain, width=1000 if plain else None, emoji=False)


def show(what: RenderableType) -> None:
    """Print it; what is longer than the terminal is shown by the pager (``PAGER``), piece by piece."""
    out = console()
    if not (out.is_terminal and sys.stdin.isatty()):
        out.print(what)
        return
    with out.capture() as captured:
        out.print(what)
    text = captured.get()
    if text.count("\n") < out.height:
        out.file.write(text)
        out.file.flush()
        return
    click.echo_via_pager(text.rstrip("\n") + "\n", color=True)


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


_VISIBLE: Final = {
    **{code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\n\t"},
    0x7F: "\u2421",
    **{code: f"\\x{code:02x}" for code in range(0x80, 0xA0)},
}


def visible(text: str) -> str:
    """``text`` of several lines, control characters as signs (``\u241b``), which no terminal obeys."""
    return text.replace("\r\n", "\n").translate(_VISIBLE)


def printable(text: str | None) -> str:
    """``text`` on one line, without control characters, which a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text or "")
