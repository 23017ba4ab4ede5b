"""A session: its conversation as people read it, subagents folded in where they were called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from claude_lens.dashboard import conversation, timeline
from claude_lens.dashboard.conversation import Session
from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import page, render, session_id, session_path
from claude_lens.dashboard.views import arms
from claude_lens.dashboard.views.happened import is_lively, state_of
from claude_lens.errors import NotFound, UserError
from claude_lens.store.happened.digests import digests_of
from claude_lens.store.happened.listing import keys_of
from claude_lens.store.maintenance.retention import prune
from claude_lens.store.writing import tagging
from claude_lens.units import money

TURNS: Final = 12
MOST_BYTES: Final = 120_000
COALESCED: Final = 0.4


def session(request: Request) -> Response:
    """The page; ``?at=EXCHANGE`` begins there, ``?at=end`` with the newest turns."""
    lens: Lens = request.app.state.lens
    name = session_id(request.path_params["session"])
    at = request.query_params.get("at", "")
    about = lens.reader.session(name)
    if about["id"] != name:
        # An id may be shortened, as in the terminal.
        return RedirectResponse(request.url.replace(path=f"/sessions/{session_path(about['id'])}"))
    agents = {one["id"]: one for one in lens.reader.agents(name)}
    state = state_of(lens.reader, about["id"])
    with lens.reader.connect() as connection:
        whole = Session.read(connection, name)
        start, opened = _place(whole, at)
        shown = _turns(connection, whole, name, None, start, opened=opened, first=True)
        prompts = conversation.prompts(connection, whole.line(None))
    return page(
        "session.html",
        here="sessions",
        token=lens.access.token(request.scope["cookie"]),
        one=about,
        state=state,
        lively=is_lively(state),
        agents=[(agents[ident], look) for ident, look in whole.looks.items() if ident in agents],
        arms=len(arms.of(lens.reader, about["id"])),
        start=start,
        taken=sum(conversation.is_turn(step) for step in whole.line(None)),
        turns=shown,
        prompts=[(whole.line(None)[index].summary["id"], words) for index, words in prompts],
        errors=sum(step.summary["status"] == "error" for step in whole.steps),
        at=at,
    )


def some(request: Request) -> Response:
    """More turns of an agent: ``agent``, ``start``, and ``end`` where fewer are wanted."""
    lens: Lens = request.app.state.lens
    name = session_id(request.path_params["session"])
    query = request.query_params
    agent = query.get("agent") or None
    start, end = _number(query.get("start")) or 0, _number(query.get("end"))
    with lens.reader.connect() as connection:
        whole = Session.read(connection, name)
        if agent is not None and agent not in whole.by_agent:
            raise NotFound(f"no agent {agent!r} in this session")
        return HTMLResponse(
            _turns(connection, whole, name, agent, start, end, first=end is not None).encode(
                "utf-8", "replace"
            )
        )


def waterfall(request: Request) -> Response:
    """The timeline, asked for when it is opened."""
    lens: Lens = request.app.state.lens
    name = session_id(request.path_params["session"])
    with lens.reader.connect() as connection:
        whole = Session.read(connection, name)
        told = conversation.prompts(connection, whole.line(None))
        keys = keys_of(connection, [name])
        missed = {
            one["exchange_id"]: f"cache missed, {one['cause']}: {money(one['usd'])}"
            for found in digests_of(connection, list(keys.values())).values()
            for one in found["missed"]
        }
    prompts = {whole.line(None)[index].summary["id"]: words for index, words in told}
    return page("timeline.html", chart=timeline.chart(whole, missed, prompts), session=name)


async def events(request: Request) -> Response:
    """Server-sent ``changed`` whenever something of this session happened."""
    lens: Lens = request.app.state.lens
    name = session_id(request.path_params["session"])
    return StreamingResponse(
        _changes(lens, name), media_type="text/event-stream", headers={"cache-control": "no-store"}
    )


async def _changes(lens: Lens, name: str) -> AsyncIterator[bytes]:
    yield b"retry: 1000\n\n"
    first = True
    async for batch in lens.feed.watch(None):
        if batch is None and not first:
            yield b"event: changed\ndata: \n\n"
        elif batch and any(event.row.summary["session_id"] == name for event in batch):
            yield b"event: changed\ndata: \n\n"
            await asyncio.sleep(COALESCED)
        elif not batch:
            yield b": still here\n\n"
        first = False


def _place(whole: Session, at: str) -> tuple[int, dict[str, int]]:
    """Where the main conversation begins on the page, and which subagents are opened at which turn."""
    line = whole.line(None)
    if at == "end":
        return max(len(line) - TURNS, 0), {}
    if at.startswith("agent:"):
        found: tuple[str | None, int] | None = (at[6:], 0) if at[6:] in whole.by_agent else None
    else:
        found = whole.index_of(at) if at else None
    opened: dict[str, int] = {}
    seen: set[str] = set()
    while found is not None and found[0] is not None and found[0] not in seen:
        agent, index = found[0], found[1]
        seen.add(agent)
        opened[agent] = index
        found = _spawn_of(whole, agent)
    return (found[1] if found and found[0] is None else 0), opened


def _spawn_of(whole: Session, agent: str) -> tuple[str | None, int] | None:
    """Agent and turn that an agent's conversation is folded into: the last one before it began."""
    began = whole.line(agent)[0].summary["started_at"]
    parent = whole.line(agent)[0].summary["agent"]["parent_id"]
    parent = parent if parent in whole.by_agent else None
    line = whole.line(parent)
    if not line:
        return None
    before = [
        index
        for index, step in enumerate(line)
        if step.summary["started_at"] <= began and not conversation.is_side(step)
    ]
    return parent, (before[-1] if before else 0)


def _turns(
    connection: Any,
    whole: Session,
    name: str,
    agent: str | None,
    start: int,
    end: int | None = None,
    opened: dict[str, int] | None = None,
    first: bool = False,
) -> str:
    """Turns from ``start`` on, at most so many bytes of them, then what loads the rest or waits for more."""
    line = whole.line(agent)
    start = min(start, len(line))
    stop = min(start + TURNS, len(line)) if end is None else min(end, len(line))
    settled = _settled(line)
    html, shown_until = [], start
    for turn in conversation.window(connection, whole, agent, start, stop):
        nested = {
            child: _turns(connection, whole, name, child, index, opened=opened, first=True)
            for child, index in (opened or {}).items()
            if child in _children(turn)
        }
        html.append(
            render(
                "turn.html",
                turn=turn,
                look=whole.looks[agent],
                session=name,
                nested=nested,
                live=turn.index >= settled,
            )
        )
        shown_until = turn.index + 1
        if sum(map(len, html)) > MOST_BYTES and end is None:
            break
    tail_from = min(max(settled, start), shown_until) if shown_until == len(line) else shown_until
    count = tail_from - start
    return render(
        "turns.html",
        settled=html[:count],
        unsettled=html[count:],
        tail=tail_from,
        more=shown_until < len(line) and end is None,
        bounded=end is not None,
        next=shown_until,
        left=len(line) - shown_until,
        earlier=start if first else 0,
        earlier_from=max(start - TURNS, 0),
        agent=agent,
        session=name,
    )


def _children(turn: conversation.Turn) -> set[str]:
    calls = (block.data for block in turn.answered if block.kind == "tool")
    called = {data["child"].id for data in calls if data["child"]}
    return called | {child.id for child in turn.orphans}


def _settled(line: list[Any]) -> int:
    """Index from which on turns may still change: the last one waits for its tools' results."""
    running = (index for index, step in enumerate(line) if step.summary["status"] == "running")
    return max(min(next(running, len(line)), len(line) - 1), 0)


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


async def add_tag(request: Request) -> Response:
    """Add the tag that the form says; the tags as they are then, with what is wrong with it."""
    given = parse_qs((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    return await run_in_threadpool(_retag, request, given.get("tag", [])[:1], [])


def remove_tag(request: Request) -> Response:
    """Remove the tag that ``tag`` says; the tags that are left."""
    return _retag(request, [], request.query_params.getlist("tag"))


def _retag(request: Request, add: list[str], remove: list[str]) -> Response:
    lens: Lens = request.app.state.lens
    about = lens.reader.session(session_id(request.path_params["session"]))
    problem, tags = "", about["tags"]
    try:
        tags = tagging.change(lens.settings.database_url, about["id"], add, remove)
    except NotFound:
        raise
    except UserError as error:
        problem = str(error)
    return page("tags.html", tags=tags, session=about["id"], problem=problem)


def forget(request: Request) -> Response:
    """Delete the session from the store. What still runs stays."""
    lens: Lens = request.app.state.lens
    about = lens.reader.session(session_id(request.path_params["session"]))
    done = prune(lens.settings.database_url, session=about["id"])
    answer = HTMLResponse(f"{done.exchanges} exchanges deleted")
    answer.headers["hx-redirect"] = "/sessions"
    return answer


routes = [
    Route("/sessions/{session}", session, methods=["GET"]),
    Route("/sessions/{session}", forget, methods=["DELETE"]),
    Route("/sessions/{session}/tags", add_tag, methods=["POST"]),
    Route("/sessions/{session}/tags", remove_tag, methods=["DELETE"]),
    Route("/sessions/{session}/turns", some),
    Route("/sessions/{session}/timeline", waterfall),
    Route("/sessions/{session}/events", events),
]
