"""Choosing among sessions: by words, project, tag and day, in some order, a page at a time."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import cache
from typing import Any, Final, Literal

import orjson
from sqlalchemy import ColumnElement, Connection, Select, Subquery, and_, func, literal, or_, select, tuple_

from claude_lens.errors import UserError
from claude_lens.messages.helpers import BESIDE, COUNT_TOKENS
from claude_lens.store.reading import forms
from claude_lens.store.reading.mentions import Mention, mentions
from claude_lens.store.reading.queries import tagged
from claude_lens.store.schema import calls, exchanges, payloads, sessions, tags, totals

Order = Literal["newest", "started", "cost", "tokens", "exchanges", "duration"]
"""``newest``: what was last active first; ``started``: what began last."""

_SUMMED: Final[dict[str, tuple[Any, ...]]] = {
    "cost": (totals.c.cost_usd,),
    "tokens": tuple(totals.c[name] for name in forms.TOKENS),
    "exchanges": (totals.c.requests,),
}
_PARTS: Final = 1_000_000
"""Parts of one that a sum is compared by: its last bits depend on the order of adding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What sessions to show. ``since`` and ``until`` (excluded) are seconds since the epoch of a start.

    ``words``, all of them, are in title, project, branch or id, or were said in one message.
    """

    words: str = ""
    project: str = ""
    tag: str = ""
    since: float | None = None
    until: float | None = None
    order: Order = "newest"


@dataclass(frozen=True, slots=True)
class Found:
    """Ids of sessions in their order, where they say the words, and the cursor that the next page follows."""

    ids: list[str]
    mentions: dict[str, Mention] = field(default_factory=dict)
    next: str | None = None


def find(connection: Connection, choice: Choice, limit: int, after: str | None = None) -> Found:
    """A page of all sessions that match; ``after`` is the cursor of the page before.

    A page may be shorter than ``limit`` and still have a next one, where words are hard to find. Raises
    :class:`UserError` for a cursor of another order.
    """
    value = _value(choice.order)
    said = mentions(connection, choice.words) if choice.words.strip() else None
    query = _chosen(choice, value, only_named=said is None)
    if after is not None:
        query = query.where(tuple_(value, sessions.c.id) < _place(after, choice.order))
    shown: list[Any] = []
    places: list[tuple[int, int]] = []
    cursor = None
    rows = connection.execute(query)
    for row in rows:
        content = None if said is None else said.content(row.id)
        if row.named or content is not None:
            if len(shown) == limit:
                cursor = _cursor(choice.order, shown[-1].value, shown[-1].id)
                break
            shown.append(row)
            places += [] if content is None else [(row.id, content)]
        if said is not None and said.tired:
            cursor = _cursor(choice.order, row.value, row.id)
            break
    rows.close()
    told = said.told(places) if said is not None else {}
    return Found(
        [row.session_id for row in shown],
        {row.session_id: told[row.id] for row in shown if row.id in told},
        cursor,
    )


def _value(order: Order) -> ColumnElement[Any]:
    """What sessions are ordered by, greatest first. Sums come from totals, far fewer than exchanges."""
    if order in ("newest", "started"):
        return sessions.c.last_at if order == "newest" else sessions.c.started_at
    if order == "duration":
        newest = (exchanges.c.session == sessions.c.id) & (exchanges.c.started_at == sessions.c.last_at)
        lasted = select(exchanges.c.duration_ms).where(newest).limit(1).scalar_subquery()
        return sessions.c.last_at - sessions.c.started_at + func.coalesce(lasted, 0.0) / 1000
    return func.coalesce(_sums(order).c.value, -1.0)


@cache
def _sums(order: Order) -> Subquery:
    first, *rest = _SUMMED[order]
    whole = func.round(func.sum(sum(rest, start=first)) * _PARTS)
    summed = select(totals.c.session, whole.label("value")).group_by(totals.c.session)
    return summed.subquery()


def _chosen(choice: Choice, value: ColumnElement[Any], *, only_named: bool) -> Select[Any]:
    named: list[ColumnElement[bool]] = []
    for word in (given.rstrip("*") for given in choice.words.split()):
        columns = (sessions.c.title, sessions.c.project, sessions.c.branch)
        matches = [func.coalesce(column.icontains(word, autoescape=True), False) for column in columns]
        named.append(or_(*matches, sessions.c.session_id.startswith(word, autoescape=True)))
    matching = and_(*named) if named else literal(True)
    query = select(
        sessions.c.id, sessions.c.session_id, value.label("value"), matching.label("named")
    ).order_by(value.desc(), sessions.c.id.desc())
    if choice.order in _SUMMED:
        summed = _sums(choice.order)
        query = query.select_from(sessions.outerjoin(summed, summed.c.session == sessions.c.id))
    if named and only_named:
        query = query.where(matching)
    if choice.project:
        query = query.where(sessions.c.project == choice.project)
    if choice.tag:
        query = query.where(sessions.c.id.in_(tagged(choice.tag)))
    if choice.since is not None:
        query = query.where(sessions.c.started_at >= choice.since)
    if choice.until is not None:
        query = query.where(sessions.c.started_at < choice.until)
    return query


def _cursor(order: Order, value: float, key: int) -> str:
    return urlsafe_b64encode(orjson.dumps([order, value, key])).decode().rstrip("=")


def _place(cursor: str, order: Order) -> tuple[float, int]:
    try:
        name, value, key = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if name != order:
            raise ValueError(name)
        return float(value), int(key)
    except (ValueError, TypeError) as error:
        raise UserError(f"{cursor!r} is no place in sessions sorted by {order}") from error


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


def tag_names(connection: Connection, limit: int = 200) -> list[str]:
    """Tags that sessions have, each once whatever its case, the one given last first."""
    query = (
        select(func.min(tags.c.tag))
        .group_by(tags.c.key)
        .order_by(func.max(tags.c.at).desc(), tags.c.key)
        .limit(limit)
    )
    return [name for (name,) in connection.execute(query)]


def per_day(connection: Connection, since: float, zone: tzinfo | None = None) -> Counter[str]:
    """Sessions begun since then by day (``2026-01-31``) in ``zone``, None for this machine's."""
    query = select(sessions.c.started_at).where(sessions.c.started_at >= since)
    days = (datetime.fromtimestamp(at, zone) for (at,) in connection.execute(query))
    return Counter(day.strftime("%Y-%m-%d") for day in days)


def turns(connection: Connection, ids: Sequence[str]) -> Counter[str]:
    """How many turns the main agent's conversation took in each session, by session id."""
    beside = func.coalesce(exchanges.c.request_class, "").in_(BESIDE) | exchanges.c.endpoint.endswith(
        COUNT_TOKENS
    )
    # A retry sends the same messages again: together they are one turn.
    sent = func.coalesce(payloads.c.messages, -exchanges.c.id)
    query = (
        select(sessions.c.session_id, func.count(sent.distinct()))
        .join_from(sessions, exchanges, exchanges.c.session == sessions.c.id)
        .outerjoin(payloads, payloads.c.exchange == exchanges.c.id)
        .where(sessions.c.session_id.in_(ids), exchanges.c.agent_id.is_(None), ~beside)
        .group_by(sessions.c.session_id)
    )
    return Counter({name: int(count) for name, count in connection.execute(query)})


def tools(connection: Connection, ids: Sequence[str]) -> Counter[str]:
    """How often the answers of each session called a tool, by session id."""
    query = (
        select(sessions.c.session_id, func.sum(calls.c.calls))
        .select_from(sessions)
        .join(exchanges, exchanges.c.session == sessions.c.id)
        .join(calls, calls.c.exchange == exchanges.c.id)
        .where(sessions.c.session_id.in_(ids))
        .group_by(sessions.c.session_id)
    )
    return Counter({name: int(count) for name, count in connection.execute(query)})
