"""Moments as people write them on a command line: ``7d``, ``2026-01-31``, ``2026-01-31T09:30``, ``today``."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from claude_lens.errors import UserError

_SECONDS: Final = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_AGO: Final = re.compile(r"(\d{1,6})\s*([mhdw])")


class _Here(tzinfo):
    """The machine's own time, with the offset of each moment: summer's is not winter's."""

    def utcoffset(self, at: datetime | None) -> timedelta | None:
        return None if at is None else at.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, at: datetime | None) -> timedelta | None:
        return None

    def tzname(self, at: datetime | None) -> str | None:
        return None if at is None else at.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, at: datetime) -> datetime:
        told = at.replace(tzinfo=UTC).astimezone()
        here = told.replace(tzinfo=self)
        # Of an hour that comes twice, the second.
        return here if self.utcoffset(here) == told.utcoffset() else here.replace(fold=1)


def zone(name: str | None) -> tzinfo:
    """The time zone of this name (``Europe/Berlin``, ``UTC``); the machine's own for None.

    Raises :class:`UserError`.
    """
    if name is None:
        return _Here()
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise UserError(f"{name!r} is no time zone: expected a name such as Europe/Berlin or UTC") from error


def moment(text: str, tz: tzinfo, now: float | None = None) -> float:
    """Seconds since the epoch: an ISO date or time in ``tz``, ``today``, ``yesterday``, or ``7d`` ago.

    Raises :class:`UserError`.
    """
    now = time.time() if now is None else now
    word = text.strip().lower()
    if ago := _AGO.fullmatch(word):
        return now - int(ago[1]) * _SECONDS[ago[2]]
    if word in ("today", "yesterday"):
        day = datetime.fromtimestamp(now, tz).replace(hour=0, minute=0, second=0, microsecond=0)
        return (day - timedelta(days=word == "yesterday")).timestamp()
    try:
        at = datetime.fromisoformat(text.strip())
        return (at if at.tzinfo else at.replace(tzinfo=tz)).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise UserError(
            f"{text!r} is no time: expected 7d, 12h, today, 2026-01-31 or 2026-01-31T09:30"
        ) from error
