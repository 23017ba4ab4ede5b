"""What missed the cache in a range of time, by cause and by kind of agent, as kept digests tell it."""

from __future__ import annotations

from typing import Final, TypedDict

from sqlalchemy import Connection, select

from claude_lens.store.happened.digests import Missed, kept
from claude_lens.store.schema import sessions

MOST: Final = 400
"""Sessions that are read: the newest of the range."""


class Sum(TypedDict):
    """Requests that missed, tokens that were not read, and US dollars that cost more than reading them."""

    name: str
    requests: int
    tokens: int
    usd: float


class Misses(TypedDict):
    """The dearest first. ``left`` of the range's ``sessions`` are not told of, or not worked out yet."""

    causes: list[Sum]
    agents: list[Sum]
    sessions: int
    left: int


def misses(connection: Connection, since: float | None, until: float | None) -> Misses:
    """What was missed from ``since`` until before ``until``, seconds since the epoch; None: no end."""
    query = select(sessions.c.id).order_by(sessions.c.last_at.desc())
    if since is not None:
        query = query.where(sessions.c.last_at >= since)
    if until is not None:
        query = query.where(sessions.c.started_at < until)
    keys = list(connection.execute(query).scalars())
    found = kept(connection, keys[:MOST])
    causes: dict[str, Sum] = {}
    agents: dict[str, Sum] = {}
    for digest in found.values():
        names = {one["agent_id"]: one["agent"] for one in digest["money"]}
        for one in digest["missed"]:
            if (since is None or one["at"] >= since) and (until is None or one["at"] < until):
                _add(causes, one["cause"], one)
                _add(agents, names.get(one["agent_id"]) or "unknown", one)
    return {
        "causes": _ordered(causes),
        "agents": _ordered(agents),
        "sessions": len(keys),
        "left": len(keys) - len(found),
    }


def _add(sums: dict[str, Sum], name: str, miss: Missed) -> None:
    total = sums.setdefault(name, {"name": name, "requests": 0, "tokens": 0, "usd": 0.0})
    total["requests"] += 1
    total["tokens"] += miss["tokens"]
    total["usd"] += miss["usd"] or 0.0


def _ordered(sums: dict[str, Sum]) -> list[Sum]:
    return sorted(sums.values(), key=lambda one: (-one["usd"], -one["tokens"], one["name"]))
