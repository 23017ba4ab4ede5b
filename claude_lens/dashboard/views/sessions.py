"""Sessions: a list to choose from, and a month of days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, get_args
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import marked, page
from claude_lens.store.reading import browse
from claude_lens.store.rows import key_of

SHOWN: Final = 50
WEEKS: Final = 5
_LEVELS: Final = 4


@dataclass(frozen=True, slots=True)
class Day:
    """A square of the heat map; ``level`` 0 to 4, ``count`` sessions, ``future`` days are empty."""

    name: str
    count: int
    level: int
    future: bool


def sessions(request: Request) -> Response:
    """The page, or with ``after`` the rows that follow."""
    lens: Lens = request.app.state.lens
    query = request.query_params
    choice = _choice(query)
    after = query.get("after")
    with lens.reader.connect() as connection:
        found = browse.find(connection, choice, SHOWN, after)
        tools, turns = browse.tools(connection, found.ids), browse.turns(connection, found.ids)
        if not after:
            projects = browse.projects(connection)
            tags = browse.tag_names(connection)
            today = datetime.now().astimezone().date()
            first = today - timedelta(days=today.weekday() + 7 * (WEEKS - 1))
            days = browse.per_day(connection, _start(first).timestamp())
    rows = lens.reader.sessions_of(found.ids)
    kept = {name: value for name, value in query.items() if name != "after" and value}
    values: dict[str, Any] = {
        "rows": rows,
        "tools": tools,
        "turns": turns,
        "mentions": {name: (one, marked(one.snippet, one.marks)) for name, one in found.mentions.items()},
        "more": urlencode({**kept, "after": found.next}) if found.next else None,
    }
    if after:
        return page("session_rows.html", **values)
    return page(
        "sessions.html",
        here="sessions",
        token=lens.access.token(request.scope["cookie"]),
        weeks=_weeks(first, today, days),
        choice=choice,
        day=query.get("day", ""),
        projects=projects,
        tags=tags,
        tag=next((tag for tag in tags if key_of(tag) == key_of(choice.tag)), choice.tag),
        orders={
            order: urlencode({**{k: v for k, v in kept.items() if k != "order"}, "order": order})
            for order in get_args(browse.Order)
        },
        filtered=bool(kept),
        **values,
    )


def _choice(query: Mapping[str, str]) -> browse.Choice:
    order = query.get("order", "")
    day = query.get("day", "")
    try:
        since = _start(date.fromisoformat(day)).timestamp() if day else None
        until = _start(date.fromisoformat(day) + timedelta(days=1)).timestamp() if day else None
    except (ValueError, OverflowError):
        since = until = None
    return browse.Choice(
        words=query.get("words", ""),
        project=query.get("project", ""),
        tag=query.get("tag", ""),
        since=since,
        until=until,
        order=order if order in get_args(browse.Order) else "newest",  # type: ignore[arg-type]
    )


def _start(day: date) -> datetime:
    """Midnight of this machine's time zone."""
    if day.year <= 1970:
        return datetime(1970, 1, 2, tzinfo=UTC)
    return datetime(day.year, day.month, day.day).astimezone()


def _weeks(first: date, today: date, days: Mapping[str, int]) -> list[list[Day]]:
    most = max(days.values(), default=0)
    weeks = []
    for week in range(WEEKS):
        row = []
        for offset in range(7):
            day = first + timedelta(days=7 * week + offset)
            count = days.get(day.isoformat(), 0)
            level = 0 if not count else 1 + (count * (_LEVELS - 1)) // most
            row.append(Day(day.isoformat(), count, level, day > today))
        weeks.append(row)
    return weeks


routes = [Route("/sessions", sessions)]
