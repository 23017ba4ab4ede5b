"""What happened since: the newest exchanges, and those that changed after a given moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, or_, select

from claude_lens.store import workers
from claude_lens.store.reading import forms
from claude_lens.store.schema import exchanges, sessions

_ROW = select(sessions.c.session_id, sessions.c.title, *exchanges.c).join_from(exchanges, sessions)


@dataclass(frozen=True, slots=True)
class Row:
    """An exchange in a list: its key, which grows as requests arrive, and its session's title."""

    key: int
    title: str | None
    summary: forms.Summary


def newest(
    connection: Connection, limit: int, *, before: int | None = None, session: str | None = None
) -> list[Row]:
    """The exchanges that arrived last, newest first; ``before``: those that arrived before this key."""
    query = _ROW.order_by(exchanges.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(exchanges.c.id < before)
    if session is not None:
        query = query.where(sessions.c.session_id == session)
    return _rows(connection, query)


def since(connection: Connection, key: int, watched: Sequence[int], limit: int = 1000) -> list[Row]:
    """Exchanges after ``key`` (at most ``limit``), and those ``watched`` that run no longer; oldest first."""
    wanted = or_(exchanges.c.id > key, exchanges.c.id.in_(watched)) if watched else exchanges.c.id > key
    found = _rows(connection, _ROW.where(wanted).order_by(exchanges.c.id).limit(limit + len(watched)))
    # Which of them a dead proxy left behind, only its process tells, not the row.
    return [row for row in found if row.key > key or row.summary["status"] != "running"]


def top(connection: Connection) -> int:
    """The key of the exchange that arrived last; 0 where there is none."""
    query = select(exchanges.c.id).order_by(exchanges.c.id.desc()).limit(1)
    return int(connection.execute(query).scalar() or 0)


def _rows(connection: Connection, query: Select[Any]) -> list[Row]:
    found = connection.execute(query).mappings().all()
    return [Row(row["id"], row["title"], forms.summary(row, _status(row))) for row in found]


def _status(row: RowMapping) -> str:
    running = row["status"] == "running"
    dead = running and workers.is_dead(row["worker"], row["started_at"])
    return "interrupted" if dead else str(row["status"])
