"""When somebody last looked at what happened: a small file in the home folder, of one user.

A visit lasts as long as somebody looks again within :data:`APART`; what happened since the one before it is
what one does not know yet.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Final

APART: Final = 900.0
"""Seconds without a look after which the next one is another visit."""
NAME: Final = "visits.json"


def before(home: Path, now: float) -> float | None:
    """When the visit before this one ended (seconds since the epoch); None where none is known."""
    last, earlier = _read(home)
    return last if last is not None and now - last > APART else earlier


def look(home: Path, now: float) -> float | None:
    """The same, and this is a look. A home folder that cannot be written forgets it."""
    found = before(home, now)
    with contextlib.suppress(OSError):
        _write(home / NAME, {"last": now, "before": found})
    return found


def _read(home: Path) -> tuple[float | None, float | None]:
    try:
        told = json.loads((home / NAME).read_text(encoding="utf-8"))
        return _number(told.get("last")), _number(told.get("before"))
    except (OSError, ValueError, AttributeError):
        return None, None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _write(path: Path, told: dict[str, float | None]) -> None:
    fresh = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(told, file)
    fresh.replace(path)
