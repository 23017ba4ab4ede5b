"""Choosing among sessions: by words, project and day, in some order, a page at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final, Literal

import orjson
from sqlalchemy import Connection, func, or_, select, tuple_

from claude_lens.store.reading import forms
from claude_lens.store.schema import exchanges, sessions, totals

Order = Literal["newest", "cost", "tokens", "exchanges", "duration"]
RANKED: Final = 500
"""Orders other than by time look at so many of the newest sessions that match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What sessions to show. ``since`` and ``until`` (excluded) are seconds since the epoch of a start."""

    words: str = ""
    project: str = ""
    since: float | None = None
    until: float | None = None
    order: Order = "newest"


def find(connection: Connection, choice: Choice, limit: int, before: str | None = None) -> list[str]:
    """Ids of sessions; ``before``: those that follow this one (only by time)."""
    query = select(sessions.c.id, sessions.c.session_id, sessions.c.started_at, sessions.c.last_at)
    query = query.order_by(sessions.c.last_at.desc(), sessions.c.id.desc())
    for word in choice.words.split():
        columns = (sessions.c.title, sessions.c.project, sessions.c.branch)
        matches = [column.icontains(word, autoescape=True) for column in columns]
        query = query.where(or_(*matches, sessions.c.session_id.startswith(word, autoescape=True)))
    if choice.project:
        query = query.where(sessions.c.project == choice.project)
    if choice.since is not None:
        query = query.where(sessions.c.started_at >= choice.since)
    if choice.until is not None:
        query = query.where(sessions.c.started_at < choice.until)
    if choice.order != "newest":
        return _ranked(connection, connection.execute(query.limit(RANKED)).all(), choice.order)[:limit]
    if before is not None:
        last = select(sessions.c.last_at, sessions.c.id).where(sessions.c.session_id == before)
        place = connection.execute(last).one_or_none()
        if place is not None:
            query = query.where(tuple_(sessions.c.last_at, sessions.c.id) < tuple(place))
    return [row.session_id for row in connection.execute(query.limit(limit))]


def _ranked(connection: Connection, rows: Sequence[Any], order: Order) -> list[str]:
    """From the totals, which are far fewer than the exchanges; sessions that have none yet come last."""
    if order == "duration":
        lasting = sorted(rows, key=lambda row: row.last_at - row.started_at, reverse=True)
        return [row.session_id for row in lasting]
    summed = {
        "cost": (totals.c.cost_usd,),
        "tokens": tuple(totals.c[name] for name in forms.TOKENS),
        "exchanges": (totals.c.requests,),
    }[order]
    value = func.sum(sum(summed[1:], start=summed[0]))
    names = {row.id: row.session_id for row in rows}
    query = (
        select(totals.c.session, value.label("value"))
        .where(totals.c.session.in_(list(names)))
        .group_by(totals.c.session)
        .order_by(value.desc(), totals.c.session.desc())
    )
    ranked = [names.pop(key) for key, _ in connection.execute(query)]
    return [*ranked, *names.values()]


def projects(connection: Connection, limit: int = 200) -> list[str]:
    """Projects that sessions belong to, the one used last first."""
    query = (
        select(sessions.c.project)
        .where(sessions.c.project.is_not(None))
        .group_by(sessions.c.project)
        .order_by(func.max(sessions.c.last_at).desc())
        .limit(limit)
    )
    return [name for (name,) in connection.execute(query)]


def per_day(connection: Connection, since: float, zone: tzinfo | None = None) -> Counter[str]:
    """Sessions begun since then by day (``2026-01-31``) in ``zone``, None for this machine's."""
    query = select(sessions.c.started_at).where(sessions.c.started_at >= since)
    days = (datetime.fromtimestamp(at, zone) for (at,) in connection.execute(query))
    return Counter(day.strftime("%Y-%m-%d") for day in days)


def tools(connection: Connection, ids: Sequence[str]) -> Counter[str]:
    """How many tools' durations the client reported, by session id."""
    query = (
        select(sessions.c.session_id, exchanges.c.tool_durations)
        .join_from(exchanges, sessions)
        .where(sessions.c.session_id.in_(ids), exchanges.c.tool_durations.is_not(None))
    )
    found: Counter[str] = Counter()
    for name, durations in connection.execute(query):
        found[name] += len(orjson.loads(durations))
    return found
