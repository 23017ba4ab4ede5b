"""Exchanges that a number, a filter or a search stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, get_args
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import marked, page, session_id, session_path
from claude_lens.errors import NotFound, StoreError, UserError
from claude_lens.store.maintenance.reindex import share_left
from claude_lens.store.reading import filters
from claude_lens.store.reading.search import parse
from claude_lens.store.reading.search import search as find
from claude_lens.when import moment

SHOWN: Final = 50
HITS: Final = 25
_ID: Final = re.compile(r"[0-9a-fA-F][0-9a-fA-F-]{5,}")
"""What may be the beginning of an id."""
NAMES: Final = (
    "session", "agent", "request_class", "model", "requested", "routed", "provider", "status",
    "project", "branch", "tool",
)  # fmt: skip


def exchanges(request: Request) -> Response:
    """The exchanges that the address chooses, a page at a time."""
    lens: Lens = request.app.state.lens
    query = request.query_params
    sort = query.get("sort", "newest")
    order: Any = sort if sort in get_args(filters.Sort) else "newest"
    wanted = _wanted(query)
    with lens.reader.connect() as connection:
        found = filters.page(connection, wanted, sort=order, limit=SHOWN, after=query.get("after"))
    kept = {name: value for name, value in query.items() if value and name != "after"}
    values: dict[str, Any] = {
        "rows": found.exchanges,
        "more": urlencode({**kept, "after": found.next}) if found.next else None,
    }
    if query.get("after"):
        return page("exchange_rows.html", **values)
    without = {name: urlencode({k: v for k, v in kept.items() if k != name}) for name in kept}
    return page(
        "exchanges.html",
        here="live",
        token=lens.access.token(request.scope["cookie"]),
        kept=kept,
        without=without,
        sort=order,
        sorts={name: urlencode({**kept, "sort": name}) for name in get_args(filters.Sort)},
        **values,
    )


def search(request: Request) -> Response:
    """Everything that was said, by words."""
    lens: Lens = request.app.state.lens
    q = request.query_params.get("q", "")
    cursor = request.query_params.get("before", "")
    problem, hits, missing = "", [], 0.0
    if q.strip():
        try:
            query = parse(q, _zone(), typing=True)
            with lens.reader.connect() as connection:
                before = int(cursor) if cursor.isdigit() else None
                hits = find(connection, query, limit=HITS, before=before)
                missing = share_left(connection)
        except (UserError, StoreError) as error:
            problem = str(error)
    values: dict[str, Any] = {
        "hits": [(hit, marked(hit["snippet"], hit["marks"])) for hit in hits],
        "more": urlencode({"q": q, "before": hits[-1]["cursor"]}) if len(hits) == HITS else None,
    }
    if cursor:
        return page("hits.html", **values)
    token = lens.access.token(request.scope["cookie"])
    named = _named(lens, q.strip())
    return page(
        "search.html",
        here="search",
        token=token,
        q=q,
        problem=problem,
        missing=missing,
        named=named,
        **values,
    )


def _named(lens: Lens, words: str) -> tuple[str, str, str] | None:
    """The session or exchange whose id begins so: its address, what it is, its title or id."""
    if not _ID.fullmatch(words):
        return None
    try:
        found = lens.reader.resolve(words)
    except (NotFound, StoreError):
        return None
    if found.kind == "exchange":
        return f"/exchanges/{found.id}", "exchange", found.id
    return (
        f"/sessions/{session_path(found.id)}",
        "session",
        lens.reader.session(found.id)["title"] or found.id,
    )


def find_in_session(request: Request) -> Response:
    """Places in one session, for its outline."""
    lens: Lens = request.app.state.lens
    q = request.query_params.get("find", "")
    name = session_id(request.path_params["session"])
    problem, hits = "", []
    if q.strip():
        try:
            within = f'session:"{name}" ' if '"' not in name else ""
            query = parse(within + q, _zone(), typing=True)
            with lens.reader.connect() as connection:
                hits = find(connection, query, limit=HITS)
        except (UserError, StoreError) as error:
            problem = str(error)
    shown = [(hit, marked(hit["snippet"], hit["marks"])) for hit in hits]
    return page("found.html", hits=shown, problem=problem, asked=bool(q.strip()), session=name)


def _zone() -> Any:
    return datetime.now().astimezone().tzinfo


def _wanted(query: Mapping[str, str]) -> filters.Filter:
    chosen: dict[str, Any] = {name: query.get(name) or None for name in NAMES}
    for name in ("since", "until"):
        chosen[name] = moment(query[name], _zone()) if query.get(name) else None
    return filters.Filter(**chosen)


routes = [
    Route("/exchanges", exchanges),
    Route("/search", search),
    Route("/sessions/{session}/find", find_in_session),
]
