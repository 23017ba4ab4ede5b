"""Choosing among exchanges: by who, what, when, how much; a page at a time, in some order."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, tuple_

from claude_lens.errors import UserError
from claude_lens.store.reading import forms
from claude_lens.store.reading.queries import SUMMARY, statuses
from claude_lens.store.schema import calls, exchanges, series, sessions

Sort = Literal["newest", "oldest", "cost", "duration"]

MAIN: Final = "main"
"""What the main agent is called in filters."""

_ORDERS: Final[dict[str, Any]] = {
    "newest": exchanges.c.started_at,
    "oldest": exchanges.c.started_at,
    "cost": exchanges.c.cost_usd,
    "duration": exchanges.c.duration_ms,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which exchanges; None does not choose. ``since`` and ``until`` (excluded) are seconds since the epoch.

    ``session`` is a whole id. ``agent`` is an agent's name, type or id, or ``main``; ``model`` is the one
    asked for or the one that answered; ``tool`` was called by the answer. Costs in US dollars.
    """

    session: str | None = None
    agent: str | None = None
    request_class: str | None = None
    model: str | None = None
    requested: str | None = None
    routed: str | None = None
    provider: str | None = None
    status: str | None = None
    since: float | None = None
    until: float | None = None
    min_cost: float | None = None
    min_duration_ms: float | None = None
    project: str | None = None
    branch: str | None = None
    tool: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some exchanges, and the cursor that the next page follows; None on the last page."""

    exchanges: list[forms.Summary]
    next: str | None


def page(
    connection: Connection,
    wanted: Filter,
    *,
    sort: Sort = "newest",
    limit: int = 50,
    after: str | None = None,
) -> Page:
    """A page of the exchanges that ``wanted`` chooses; ``after`` is the cursor of the page before.

    Sorted by cost or duration, greatest first, those without one are left out. Pages never skip or repeat
    what was there when the first was read. Raises :class:`UserError` for a cursor of another order.
    """
    column = _ORDERS[sort]
    place = tuple_(column, exchanges.c.id)
    down = sort != "oldest"
    query = SUMMARY.where(*conditions(connection, wanted)).limit(limit + 1)
    if sort in ("cost", "duration"):
        query = query.where(column.is_not(None))
    query = query.order_by(*((column.desc(), exchanges.c.id.desc()) if down else (column, exchanges.c.id)))
    if after is not None:
        found = _place(after, sort)
        query = query.where(place < found if down else place > found)
    rows = connection.execute(query).mappings().all()
    shown = rows[:limit]
    states = statuses(shown)
    more = len(rows) > limit
    return Page(
        [forms.summary(row, state) for row, state in zip(shown, states, strict=True)],
        _cursor(sort, shown[-1][column.name], shown[-1]["id"]) if more else None,
    )


def conditions(connection: Connection, wanted: Filter) -> list[ColumnElement[bool]]:
    """What ``wanted`` asks of rows of ``exchanges``. Looks up which names there are: an index may serve."""
    table = exchanges.c
    found: list[ColumnElement[bool]] = []
    if wanted.session is not None:
        query = select(sessions.c.id).where(sessions.c.session_id == wanted.session)
        key = connection.execute(query).scalar()
        found.append(table.session == (-1 if key is None else key))
    if wanted.agent is not None:
        found.append(_agent(connection, wanted.agent))
    if wanted.model is not None:
        found.append(_model(connection, wanted.model))
    for column, value in (
        (table.request_class, wanted.request_class),
        (table.model_requested, wanted.requested),
        (table.model_routed, wanted.routed),
        (table.provider, wanted.provider),
        (table.status, wanted.status),
        (table.project, wanted.project),
        (table.branch, wanted.branch),
    ):
        if value is not None:
            found.append(column == value)
    for column, bound in ((table.cost_usd, wanted.min_cost), (table.duration_ms, wanted.min_duration_ms)):
        if bound is not None:
            found.append(column >= bound)
    if wanted.status not in (None, "ok"):
        # Said again in the index's own words, or it is not used.
        found.append(table.status != "ok")
    if wanted.since is not None:
        found.append(table.started_at >= wanted.since)
    if wanted.until is not None:
        found.append(table.started_at < wanted.until)
    if wanted.tool is not None:
        found.append(_tool(wanted.tool))
    return found


def _tool(name: str) -> ColumnElement[bool]:
    used = select(calls.c.exchange).where(
        calls.c.tool == name, calls.c.exchange == exchanges.c.id, calls.c.calls > 0
    )
    return used.exists()


def _agent(connection: Connection, name: str) -> ColumnElement[bool]:
    table = exchanges.c
    if name == MAIN:
        return table.agent_id.is_(None)
    known = [
        (column, connection.execute(select(series.c.id).where(other == name).limit(1)).scalar() is not None)
        for column, other in (
            (table.agent_name, series.c.agent_name),
            (table.agent_type, series.c.agent_type),
        )
    ]
    columns = [column for column, there in known if there]
    if not columns:
        return or_(table.agent_id == name, table.agent_name == name, table.agent_type == name)
    # An agent with a name goes by it: its type says less.
    if len(columns) == 2:
        return or_(table.agent_name == name, and_(table.agent_type == name, table.agent_name.is_(None)))
    return columns[0] == name


def _model(connection: Connection, name: str) -> ColumnElement[bool]:
    table = exchanges.c
    query = select(
        func.count().filter(series.c.model_requested == name),
        func.count().filter(series.c.model_routed == name),
        func.count().filter(series.c.model_routed == name, series.c.model_requested != name),
        func.count().filter(series.c.model_requested == name, series.c.model_routed != name),
    )
    requested, routed, only_routed, only_requested = connection.execute(query).one()
    if routed and not only_requested:
        return table.model_routed == name
    if requested and not only_routed:
        return table.model_requested == name
    return or_(table.model_requested == name, table.model_routed == name)


def _cursor(sort: str, value: float, key: int) -> str:
    return urlsafe_b64encode(orjson.dumps([sort, value, key])).decode().rstrip("=")


def _place(cursor: str, sort: str) -> tuple[float, int]:
    try:
        found = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        name, value, key = found
        if name != sort:
            raise ValueError(name)
        return float(value), int(key)
    except (ValueError, TypeError) as error:
        raise UserError(f"{cursor!r} is no place in exchanges sorted by {sort}") from error
