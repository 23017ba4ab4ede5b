"""What happened in a session, worked out once: where time and money went, what was missed, files changed.

Told from the session's rows and messages; ``maintenance/digest.py`` keeps it for sessions that are quiet. A
session that changed since, or was never looked at, is worked out when it is asked for.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import Final, TypedDict

import orjson
from sqlalchemy import Connection, RowMapping, func, select

from claude_lens.happened import times
from claude_lens.happened.edits import Change
from claude_lens.happened.states import TOOL_STOPS
from claude_lens.happened.times import Asked, Times
from claude_lens.messages.helpers import is_beside
from claude_lens.store import content
from claude_lens.store.happened.files import changes
from claude_lens.store.happened.money import Spent, spent
from claude_lens.store.happened_tables import digests
from claude_lens.store.insight.why import MISSED, of_session
from claude_lens.store.reading.queries import statuses
from claude_lens.store.schema import calls, exchanges, payloads, sessions

VERSION: Final = 1
"""Grows with what a digest holds, so that older ones are worked out anew."""
REMEMBERED: Final = 256


class Missed(TypedDict):
    """A request that missed the cache. ``at``: seconds since the epoch."""

    exchange_id: str
    agent_id: str | None
    at: float
    cause: str
    tokens: int
    usd: float | None


class Retried(TypedDict):
    """A request that failed: ``ms`` of it and of the pause after it, and why."""

    at: float
    ms: float
    why: str


class Digest(TypedDict):
    """What happened in a session. ``missed_usd`` is None where no price is known."""

    times: Times
    money: list[Spent]
    missed: list[Missed]
    missed_usd: float | None
    retried: list[Retried]
    changes: list[Change]


_remembered: OrderedDict[tuple[str, str, str], Digest] = OrderedDict()
_lock = Lock()


def marks(connection: Connection, keys: Sequence[int]) -> dict[int, str]:
    """What the exchanges of sessions are now: a digest of another mark is none of theirs."""
    row = exchanges.c
    query = (
        select(
            row.session,
            func.count(),
            func.max(row.id),
            func.count().filter(row.status == "running"),
            func.coalesce(func.sum(row.cost_usd), 0.0),
            func.coalesce(func.sum(row.duration_ms), 0.0),
        )
        .where(row.session.in_(keys))
        .group_by(row.session)
    )
    return {
        key: f"{VERSION}:{count}:{newest}:{running}:{usd:.6f}:{ms:.0f}"
        for key, count, newest, running, usd, ms in connection.execute(query)
    }


def digests_of(connection: Connection, keys: Sequence[int]) -> dict[int, Digest]:
    """The digests of sessions by their keys: those that are kept, and the others worked out."""
    current = marks(connection, keys)
    found = _kept(connection, current)
    for key in current:
        if key not in found:
            found[key] = _once(connection, key, current[key])
    return found


def kept(connection: Connection, keys: Sequence[int]) -> dict[int, Digest]:
    """The digests of sessions by their keys, where one is kept that holds: nothing is worked out."""
    return _kept(connection, marks(connection, keys))


def _kept(connection: Connection, current: Mapping[int, str]) -> dict[int, Digest]:
    query = select(digests.c.session, digests.c.mark, digests.c.data).where(digests.c.session.in_(current))
    return {
        key: orjson.loads(content.unpack_blob(data))
        for key, mark, data in connection.execute(query)
        if mark == current[key]
    }


def _once(connection: Connection, key: int, mark: str) -> Digest:
    """The digest, remembered by this process as long as nothing changes."""
    name: str = connection.execute(select(sessions.c.session_id).where(sessions.c.id == key)).scalar_one()
    place = (str(connection.engine.url), name, mark)
    with _lock:
        known = _remembered.get(place)
    if known is None:
        known = digest(connection, key, name)
        with _lock:
            _remembered[place] = known
            while len(_remembered) > REMEMBERED:
                _remembered.popitem(last=False)
    return known


def digest(connection: Connection, key: int, name: str) -> Digest:
    """Work out what happened in a session."""
    rows = _rows(connection, key)
    whole = times.split(_asked(rows, _called(connection, key)))
    missed = _missed(connection, name)
    prices = [one["usd"] for one in missed]
    known = [usd for usd in prices if usd is not None]
    return {
        "times": times.added_up(whole),
        "money": spent(connection, rows, missed),
        "missed": missed,
        "missed_usd": round(math.fsum(known), 9) if known or not prices else None,
        "retried": [
            {"at": lost.at, "ms": round(lost.seconds * 1000, 1), "why": lost.why} for lost in whole.lost
        ],
        "changes": changes(connection, name),
    }


def _rows(connection: Connection, key: int) -> list[RowMapping]:
    query = (
        select(exchanges, payloads.c.messages)
        .outerjoin(payloads, payloads.c.exchange == exchanges.c.id)
        .where(exchanges.c.session == key)
        .order_by(exchanges.c.started_at, exchanges.c.id)
    )
    return list(connection.execute(query).mappings())


def _called(connection: Connection, key: int) -> dict[int, list[str]]:
    query = (
        select(calls.c.exchange, calls.c.tool)
        .join(exchanges, exchanges.c.id == calls.c.exchange)
        .where(exchanges.c.session == key, calls.c.calls > 0)
    )
    found: dict[int, list[str]] = {}
    for exchange, tool in connection.execute(query):
        found.setdefault(exchange, []).append(tool)
    return found


def _asked(rows: Sequence[RowMapping], called: Mapping[int, list[str]]) -> Iterable[Asked]:
    for row, status in zip(rows, statuses(rows), strict=True):
        if status == "running" or row["duration_ms"] is None:
            # What is under way is told by the session's state, until it has ended.
            continue
        began = float(row["started_at"])
        calling = row["stop_reason"] in TOOL_STOPS
        yield Asked(
            agent=row["agent_id"],
            began=began,
            ended=began + row["duration_ms"] / 1000,
            first=None if row["ttft_ms"] is None else began + row["ttft_ms"] / 1000,
            failed=None if status in ("ok", "cancelled") else _why(row, status),
            beside=is_beside(row["request_class"], row["endpoint"]),
            tip=row["messages"],
            calls=(called.get(row["id"]) or ["unknown"]) if calling else (),
            durations=orjson.loads(row["tool_durations"]) if row["tool_durations"] else (),
        )


def _why(row: RowMapping, status: str) -> str:
    told = row["http_status"]
    return str(told) if status == "error" and told is not None and told >= 400 else status


def _missed(connection: Connection, name: str) -> list[Missed]:
    begins: dict[str, float] = {}
    query = select(exchanges.c.exchange_id, exchanges.c.started_at).join(sessions)
    for exchange, at in connection.execute(query.where(sessions.c.session_id == name)):
        begins[exchange] = at
    return [
        {
            "exchange_id": one["exchange_id"],
            "agent_id": one["agent"]["id"],
            "at": begins[one["exchange_id"]],
            "cause": one["cause"] or "unknown",
            "tokens": one["missed_tokens"] or 0,
            "usd": one["cost_usd"],
        }
        for one in of_session(connection, name)
        if one["verdict"] in MISSED
    ]
