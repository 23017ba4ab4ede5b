"""``docs/benchmarks.md``: every benchmark writes its own section and leaves the others alone."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
HEAD = "# Measurements\n\nEach section is written by the command that it names.\n"


def write(section: str, text: str, page: Path = PAGE) -> None:
    """Put ``text`` between the section's marks, at the end where it has none yet."""
    whole = page.read_text(encoding="utf-8") if page.exists() else HEAD
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    block = f"{begin}\n{text.strip()}\n{end}"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    known = pattern.search(whole) is not None
    whole = pattern.sub(lambda _: block, whole) if known else f"{whole.rstrip()}\n\n{block}\n"
    page.write_text(whole, encoding="utf-8")


def machine() -> str:
    """What it was measured on, in a few words."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
