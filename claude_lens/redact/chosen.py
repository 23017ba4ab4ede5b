"""The redaction that the settings ask for, and the patterns that users write for secrets of their own."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from claude_lens.errors import SettingError
from claude_lens.exchange import Exchange
from claude_lens.redact.redactor import Redactor
from claude_lens.settings import Settings


def redactor(settings: Settings) -> Redactor | None:
    """What the settings ask for; None where redaction of bodies is off. Raises :class:`SettingError`."""
    if settings.redact == "off":
        return None
    by_name = settings.redact_names == "on"
    file = settings.redact_file or settings.home / "redact.txt"
    if settings.redact_file is None and not file.is_file():
        return _plain(by_name)
    return Redactor(read_patterns(file), by_name=by_name)


@cache
def _plain(by_name: bool) -> Redactor:
    return Redactor(by_name=by_name)


def read_patterns(file: Path) -> list[tuple[str, re.Pattern[str]]]:
    """A user's own patterns: one a line, ``kind = expression`` or only the expression; ``#`` is a comment.

    A group named ``s`` is the secret, else the whole match. Raises :class:`SettingError` naming the line.
    """
    found = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError("CLAUDE_LENS_REDACT_FILE", str(file), f"a readable file ({error})") from None
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        named = re.fullmatch(r"([A-Za-z][A-Za-z0-9-]*)\s*=\s*(.+)", line)
        kind, expression = (named[1], named[2]) if named else ("own", line)
        try:
            found.append((kind, re.compile(expression)))
        except re.error as error:
            problem = f"a regular expression in line {number} ({error})"
            raise SettingError("CLAUDE_LENS_REDACT_FILE", str(file), problem) from None
    return found


def exchange(given: Exchange, settings: Settings) -> Exchange:
    """An exchange as ``settings`` want it kept. Raises :class:`SettingError`."""
    found = redactor(settings)
    return given if found is None else found.exchange(given)
