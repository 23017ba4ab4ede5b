"""The terminal that a client of ours runs on, found from a hook, which has none of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import psutil

PRINTING = frozenset(("-p", "--print"))


def terminal() -> Path | None:
    """The device that the nearest program above us reads from; None where it prints for another program."""
    try:
        for process in psutil.Process().parents():
            device = process.terminal()
            if device:
                return None if PRINTING & set(process.cmdline()) else Path(device)
    except psutil.Error:
        pass
    return None


def write(device: Path, lines: Sequence[str]) -> None:
    """Lines for people, below what is there. Raises ``OSError``."""
    with device.open("w", encoding="utf-8") as stream:
        stream.write("".join(f"\r\x1b[2m{line}\x1b[22m\r\n" for line in lines))
