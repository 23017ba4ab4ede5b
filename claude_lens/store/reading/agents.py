"""The tree of a session's agents: the main one, what it spawned, what those spawned, each with its tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypedDict

from sqlalchemy import func, select

from claude_lens.store.reading import forms
from claude_lens.store.reading.queries import Reader
from claude_lens.store.schema import calls, exchanges, sessions

TOP: Final = "\0"
"""No agent's id: above all of them."""


class Node(forms.AgentTotals):
    """An agent. ``tools`` counts its calls by tool; ``total_cost_usd`` includes all below it."""

    tools: dict[str, int]
    total_cost_usd: float | None
    agents: list[Node]


class Tree(TypedDict):
    """A session's agents; those whose parent was not recorded stand at the top."""

    session: forms.Session
    agents: list[Node]


def tree(reader: Reader, session: str) -> Tree:
    """The agents of a session by a unique prefix of its id, or ``last``. Raises :class:`NotFound`."""
    found = reader.session(session)
    totals = reader.agents(found["id"])
    tools = _tools(reader, found["id"])
    nodes: dict[str | None, Node] = {
        one["id"]: {**one, "tools": tools.get(one["id"], {}), "total_cost_usd": None, "agents": []}
        for one in totals
    }
    below = arranged({one["id"]: one["parent_id"] for one in totals})
    for ident, children in below.items():
        if ident != TOP:
            nodes[ident]["agents"] = [nodes[child] for child in children]
    roots = [nodes[ident] for ident in below[TOP]]
    for node in roots:
        _sum(node)
    return {"session": found, "agents": roots}


def arranged(parents: Mapping[str | None, str | None]) -> dict[str | None, list[str | None]]:
    """Whom each agent started, by its id, all in the order given; those at the top are under :data:`TOP`.

    ``parents``: the parent of each agent by its id, None for the main agent, which may be missing.
    """
    below: dict[str | None, list[str | None]] = {TOP: [], **{ident: [] for ident in parents}}
    for ident, parent in parents.items():
        known = ident is not None and parent in parents and parent != ident
        below[parent if known and not _is_below(parents, parent, ident) else TOP].append(ident)
    return below


def placed(parents: Mapping[str | None, str | None]) -> list[tuple[str | None, int]]:
    """Agents as a list, each followed by those that it started, with how deep each stands."""
    below = arranged(parents)
    found: list[tuple[str | None, int]] = []
    waiting = [(ident, 0) for ident in reversed(below[TOP])]
    while waiting:
        ident, depth = waiting.pop()
        found.append((ident, depth))
        waiting += [(child, depth + 1) for child in reversed(below[ident])]
    return found


def _is_below(parents: Mapping[str | None, str | None], start: str | None, wanted: str | None) -> bool:
    """Whether ``wanted`` is among those above ``start``: parents that name each other make no tree."""
    seen: set[str | None] = set()
    while start is not None and start in parents and start not in seen:
        if start == wanted:
            return True
        seen.add(start)
        start = parents[start]
    return False


def _sum(node: Node) -> float | None:
    below = [_sum(one) for one in node["agents"]]
    known = [usd for usd in (node["cost_usd"], *below) if usd is not None]
    node["total_cost_usd"] = sum(known) if known else None
    return node["total_cost_usd"]


def _tools(reader: Reader, session: str) -> dict[str | None, dict[str, int]]:
    query = (
        select(exchanges.c.agent_id, calls.c.tool, func.sum(calls.c.calls))
        .join(exchanges, exchanges.c.id == calls.c.exchange)
        .join(sessions, sessions.c.id == exchanges.c.session)
        .where(sessions.c.session_id == session, calls.c.calls > 0)
        .group_by(exchanges.c.agent_id, calls.c.tool)
        .order_by(func.sum(calls.c.calls).desc(), calls.c.tool)
    )
    found: dict[str | None, dict[str, int]] = {}
    with reader.connect() as connection:
        for agent, tool, count in connection.execute(query):
            found.setdefault(agent, {})[tool] = int(count)
    return found
