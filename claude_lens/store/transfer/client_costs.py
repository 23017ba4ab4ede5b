"""What Claude Code says that a session has cost, beside what the store has of it.

Clients since about 2.1.332 end a transcript with a ``cost-state`` line, their own total. A fork's begins
with what the session had cost that it was forked from; which that was says ``requestSessionId``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select

from claude_lens.exact import load
from claude_lens.store.reading.queries import Reader
from claude_lens.store.schema import exchanges, sessions, totals

_STATE: Final = b'"type":"cost-state"'
_ANSWER: Final = b'"type":"assistant"'
_ORIGIN: Final = re.compile(rb'"requestSessionId":"([^"\\]+)"')
_LOOKED_AT: Final = 1 << 20
"""Bytes at each end of a transcript in which its total, and where it was forked, are looked for."""
_SLACK_USD: Final = 0.0005
_SLACK: Final = 0.01


@dataclass(frozen=True, slots=True)
class Compared:
    """A session's cost in US dollars, as its client and as the store has it."""

    session: str
    client_usd: float
    recorded_usd: float

    @property
    def agree(self) -> bool:
        """Whether they are the same but for a hundredth, or for rounding."""
        return abs(self.client_usd - self.recorded_usd) <= max(_SLACK_USD, self.client_usd * _SLACK)

    def __str__(self) -> str:
        return f"client says {_usd(self.client_usd)}, recorded {_usd(self.recorded_usd)}"


def summary(found: Sequence[Compared]) -> Iterator[str]:
    """What was found, in lines: all together, and each session whose two costs differ."""
    if found:
        whole = Compared("", sum(one.client_usd for one in found), sum(one.recorded_usd for one in found))
        yield f"costs of {len(found)} sessions: {whole}"
    for one in found:
        if not one.agree:
            yield f"session {one.session}: {one}"


def _usd(amount: float) -> str:
    return f"${amount:.3f}" if amount >= 0.01 or not amount else f"${amount:.6f}"


def compared(reader: Reader, folder: Path, most: int | None = None) -> Iterator[Compared]:
    """The sessions of the store that have a total of the client's own below ``folder``, the newest first.

    ``most``: so many of the newest transcripts are looked at.
    """
    files = {file.stem: file for file in folder.glob("*/*.jsonl")}
    with reader.connect() as connection:
        query = select(sessions.c.session_id).order_by(sessions.c.last_at.desc())
        known = [name for (name,) in connection.execute(query) if name in files]
        for name in known[:most]:
            try:
                total, origin = _told(files[name], name)
            except (OSError, ValueError, KeyError, TypeError):
                continue
            if total is not None:
                yield Compared(name, total, _recorded(connection, name, origin, files))


def _told(file: Path, session: str) -> tuple[float | None, str | None]:
    """The client's total, None where answers came after it was written; the session it was forked from."""
    with file.open("rb") as stream:
        head = stream.read(_LOOKED_AT)
        size = stream.seek(0, 2)
        stream.seek(max(0, size - _LOOKED_AT))
        tail = stream.read()
    before, found, after = tail.rpartition(_STATE)
    if not found or _ANSWER in after:
        return None, None
    line = before.rpartition(b"\n")[2] + found + after.partition(b"\n")[0]
    origins = (name for name in map(bytes.decode, _ORIGIN.findall(head)) if name != session)
    return float(load(line)["totalCostUSD"]), next(origins, None)


def _recorded(connection: Connection, session: str, origin: str | None, files: dict[str, Path]) -> float:
    key = select(sessions.c.id).where(sessions.c.session_id == session).scalar_subquery()
    whole = connection.execute(select(func.sum(totals.c.cost_usd)).where(totals.c.session == key)).scalar()
    first = connection.execute(
        select(func.min(exchanges.c.started_at)).where(exchanges.c.session == key)
    ).scalar()
    seen = {session}
    while origin is not None and origin not in seen and first is not None:
        seen.add(origin)
        key = select(sessions.c.id).where(sessions.c.session_id == origin).scalar_subquery()
        earlier = select(func.sum(exchanges.c.cost_usd), func.min(exchanges.c.started_at)).where(
            exchanges.c.session == key, exchanges.c.started_at < first
        )
        spent, first = connection.execute(earlier).one()
        whole = (whole or 0.0) + (spent or 0.0)
        origin = _told(files[origin], origin)[1] if origin in files else None
    return float(whole or 0.0)
