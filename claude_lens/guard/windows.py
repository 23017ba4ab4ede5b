"""The windows of limits, in the machine's own time: hours, days, weeks from Monday on, months."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

Window = Literal["hour", "day", "week", "month"]

WINDOWS: Final[tuple[Window, ...]] = ("hour", "day", "week", "month")


def span(window: Window, at: float) -> tuple[float, float]:
    """Begin and end (seconds since the epoch) of the window that holds the moment ``at``.

    A day lasts 23 or 25 hours where clocks are changed.
    """
    here = datetime.fromtimestamp(at)
    if window == "hour":
        begin = here.replace(minute=0, second=0, microsecond=0)
        return begin.timestamp(), begin.timestamp() + 3600
    begin = here.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if window == "day":
        end = begin + timedelta(days=1)
    elif window == "week":
        begin -= timedelta(days=begin.weekday())
        end = begin + timedelta(days=7)
    else:
        begin = begin.replace(day=1)
        end = (begin + timedelta(days=32)).replace(day=1)
    return begin.timestamp(), end.timestamp()
