"""What was wasted: a page of its own, and sections for other pages, which load it when they are shown.

Sections are ``/waste/section`` with ``since`` (a time, or how long ago), ``project`` and ``session``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import page
from claude_lens.findings import accepted
from claude_lens.findings.look import DAYS, waste
from claude_lens.findings.report import report
from claude_lens.store.reading import browse
from claude_lens.store.reading.filters import Filter
from claude_lens.when import moment, zone

RANGES: Final = {"1d": "Today", "7d": "7 days", "30d": "30 days", "90d": "90 days"}
MOST: Final = 30
"""Sessions that a page looks through itself; what the store keeps of others is added up."""
SHOWN: Final = 4
"""Findings in a section of another page."""


def show(request: Request) -> Response:
    """The page. What it is about is looked for when it is shown."""
    lens: Lens = request.app.state.lens
    query = request.query_params
    with lens.reader.connect() as connection:
        projects = browse.projects(connection)
    return page(
        "waste.html",
        here="waste",
        token=lens.access.token(request.scope["cookie"]),
        ranges={key: (words, _address(query, range=key)) for key, words in RANGES.items()},
        range=_range(query),
        projects=projects,
        project=query.get("project", ""),
        query=_address(query),
    )


def body(request: Request) -> Response:
    """The findings, and what became of those that were accepted."""
    lens: Lens = request.app.state.lens
    return _body(lens, request.query_params)


def _body(lens: Lens, query: Mapping[str, str]) -> Response:
    with lens.reader.connect() as connection:
        noted = accepted.dates(connection)
        found = waste(connection, _wanted(query), noted, most=MOST)
        outcomes = report(connection) if noted else []
    return page("waste_body.html", found=found, outcomes=outcomes, query=_address(query))


def section(request: Request) -> Response:
    """The dearest findings, for a section of another page."""
    lens: Lens = request.app.state.lens
    query = request.query_params
    wanted = _wanted(query)
    if session := query.get("session"):
        wanted = dataclasses.replace(wanted, session=lens.reader.session(session)["id"], since=None)
    with lens.reader.connect() as connection:
        found = waste(connection, wanted, accepted.dates(connection), most=MOST)
    return page("waste_section.html", found=found, shown=found["findings"][:SHOWN], whole=bool(session))


async def accept(request: Request) -> Response:
    """Note that something is done about the finding that the form names; ``undo`` takes it back."""
    given = parse_qs((await request.body()).decode("utf-8", "replace"))
    return await run_in_threadpool(_accept, request, given.get("id", [""])[0], "undo" in given)


def _accept(request: Request, ident: str, undo: bool) -> Response:
    lens: Lens = request.app.state.lens
    query = request.query_params
    if undo:
        accepted.forget(lens.settings.database_url, ident)
        return _body(lens, query)
    with lens.reader.connect() as connection:
        found = waste(connection, _wanted(query), most=MOST, every=True)
    name = accepted.by_prefix([one["id"] for one in found["findings"]], ident)
    one = next(one for one in found["findings"] if one["id"] == name)
    accepted.accept(lens.settings.database_url, one)
    return _body(lens, query)


def _range(query: Mapping[str, str]) -> str:
    given = query.get("range", "")
    return given if given in RANGES else f"{DAYS}d"


def _wanted(query: Mapping[str, str]) -> Filter:
    since = query.get("since") or _range(query)
    return Filter(since=moment(since, zone(None)), project=query.get("project") or None)


def _address(query: Mapping[str, str], **more: str) -> str:
    kept = {name: value for name in ("range", "project") if (value := query.get(name))}
    return urlencode({**kept, **more})


routes = [
    Route("/waste", show),
    Route("/waste/body", body),
    Route("/waste/section", section),
    Route("/waste/accept", accept, methods=["POST"]),
]
