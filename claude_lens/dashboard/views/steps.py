"""A session's turns as a tree: which tools each called, how long that took, what failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from claude_lens.dashboard.conversation import Session, is_side, is_turn, tool_durations
from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import page, session_id
from claude_lens.store.reading.turns import Step
from claude_lens.store.schema import calls, exchanges, sessions

MOST: Final = 2_000
"""Turns that are listed: the newest so many."""

DEEPEST: Final = 3


@dataclass(slots=True)
class Call:
    """A tool that a turn called: how often, how many calls failed, ms as the client told (None: not)."""

    tool: str
    count: int
    errors: int = 0
    milliseconds: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A turn, or the begin of an agent (``head``); ``number`` counts the turns of its agent from 1.

    A ``retry`` has the number of the turn that it is part of.
    """

    one: Any
    number: int
    depth: int
    calls: list[Call]
    head: bool = False
    retry: bool = False

    @property
    def marks(self) -> str:
        """What the list can be narrowed to, each word between bars."""
        words = [call.tool for call in self.calls]
        failed = self.one["status"] == "error" or any(call.errors for call in self.calls)
        return "|" + "|".join([*words, *(["failed"] if failed else [])]) + "|"


def steps(request: Request) -> Response:
    """All of them, asked for when the list is opened."""
    lens: Lens = request.app.state.lens
    name = session_id(request.path_params["session"])
    with lens.reader.connect() as connection:
        whole = Session.read(connection, name)
        used = _calls(connection, name)
    found = rows(whole, used)
    counted: Counter[str] = Counter()
    for row in found:
        counted.update({call.tool: call.count for call in row.calls})
    return page(
        "steps.html",
        rows=found[-MOST:],
        looks=whole.looks,
        left=max(len(found) - MOST, 0),
        tools=counted.most_common(),
        failed=sum("|failed|" in row.marks for row in found),
        session=name,
    )


def _calls(connection: Connection, session: str) -> dict[int, list[tuple[str, int, int]]]:
    """Tool, calls and failed results by the exchange's key."""
    query = (
        select(calls.c.exchange, calls.c.tool, calls.c.calls, calls.c.errors)
        .join(exchanges, exchanges.c.id == calls.c.exchange)
        .join(sessions, sessions.c.id == exchanges.c.session)
        .where(sessions.c.session_id == session)
        .order_by(calls.c.exchange, calls.c.tool)
    )
    found: dict[int, list[tuple[str, int, int]]] = {}
    for exchange, tool, count, errors in connection.execute(query):
        found.setdefault(exchange, []).append((tool, count, errors))
    return found


def rows(whole: Session, used: Mapping[int, Sequence[tuple[str, int, int]]]) -> list[Row]:
    """Every agent's turns in order, those of a subagent after the turn during which it began."""
    lines = {agent: _line(own, used) for agent, own in whole.by_agent.items()}
    began: dict[str | None, list[str]] = {}
    for agent, own in whole.by_agent.items():
        parent = own[0].summary["agent"]["parent_id"]
        if agent is not None:
            began.setdefault(parent if parent in whole.by_agent else None, []).append(agent)
    found: list[Row] = []
    seen: set[str | None] = set()

    def add(agent: str | None, depth: int) -> None:
        if agent in seen:
            return
        seen.add(agent)
        waiting = [child for child in began.get(agent, ()) if child not in seen]
        turns = lines.get(agent, [])
        number = 0
        for index, (step, called) in enumerate(turns):
            number += is_turn(step)
            found.append(Row(step.summary, number, min(depth, DEEPEST), called, retry=step.retry))
            after = turns[index + 1][0].summary["started_at"] if index + 1 < len(turns) else None
            while waiting and (after is None or _began(whole, waiting[0]) < after):
                child = waiting.pop(0)
                found.append(Row(whole.line(child)[0].summary, 0, min(depth + 1, DEEPEST), [], head=True))
                add(child, depth + 1)
        for child in waiting:
            add(child, depth + 1)

    add(None, 0)
    for agent in whole.by_agent:
        add(agent, 1)
    return found


def _began(whole: Session, agent: str) -> str:
    return whole.line(agent)[0].summary["started_at"]


def _line(
    own: Sequence[Step], used: Mapping[int, Sequence[tuple[str, int, int]]]
) -> list[tuple[Step, list[Call]]]:
    """The turns of an agent; results, and how long they took, came with the request after."""
    found: list[tuple[Step, list[Call]]] = []
    for step in own:
        if is_side(step):
            continue
        if found:
            spent = tool_durations(step)
            failed = {tool: errors for tool, _, errors in used.get(step.key, ())}
            for call in found[-1][1]:
                call.errors, call.milliseconds = failed.get(call.tool, 0), spent.get(call.tool)
        called = [Call(tool, count) for tool, count, _ in used.get(step.key, ()) if count]
        found.append((step, called))
    return found


routes = [Route("/sessions/{session}/steps", steps)]
