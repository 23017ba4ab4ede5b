"""What sessions do now: the newest request of each of their agents, and how far its answer has come.

Looks at a bounded number of rows of each session, whatever its length.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, or_, select

from claude_lens import exact
from claude_lens.happened import states
from claude_lens.happened.states import IDLE_AFTER, TOOL_STOPS, Newest, SessionState
from claude_lens.messages.calls import Call, client_calls
from claude_lens.messages.helpers import BESIDE, COUNT_TOKENS
from claude_lens.store import content
from claude_lens.store.happened_tables import progress, session_events
from claude_lens.store.reading import turns
from claude_lens.store.reading.queries import statuses
from claude_lens.store.schema import exchanges, payloads, sessions
from claude_lens.store.writing.following import ENDED, PERMISSION

RECENT: Final = 150
"""So many of a session's newest requests tell what its agents do."""
_TERMINALS: Final = "(external, sdk"
_COLUMNS: Final = (
    "id",
    "exchange_id",
    "session",
    "worker",
    "status",
    "http_status",
    "error",
    "agent_id",
    "agent_type",
    "agent_name",
    "started_at",
    "ttft_ms",
    "duration_ms",
    "stop_reason",
    "facts",
)


def _rows() -> Select[Any]:
    """Requests that go on with a conversation."""
    beside = or_(exchanges.c.request_class.is_(None), exchanges.c.request_class.not_in(BESIDE))
    return (
        select(
            *(exchanges.c[name] for name in _COLUMNS),
            payloads.c.messages,
            payloads.c.response_message,
        )
        .outerjoin(payloads, payloads.c.exchange == exchanges.c.id)
        .where(beside, exchanges.c.endpoint.not_like(f"%{COUNT_TOKENS}"))
    )


def states_of(
    connection: Connection, keys: Sequence[int], now: float | None = None
) -> dict[int, SessionState]:
    """What the sessions with these keys do, by key; those without a conversation are missing."""
    now = time.time() if now is None else now
    told = _events(connection, keys)
    found: dict[int, SessionState] = {}
    lines = {key: _lines(connection, key, now) for key in keys}
    needed = [line[-1] for agents in lines.values() for line in agents.values()]
    known = _Known(connection, needed, now)
    for key, agents in lines.items():
        newest = [known.newest(line) for line in agents.values()]
        main = next((one for one in newest if one.agent_id is None), None)
        others = [one for one in newest if one.agent_id is not None]
        ended, asked = told.get((key, ENDED)), told.get((key, PERMISSION))
        state = states.of_session(main, others, now, ended_at=ended and ended[0], permission=asked)
        if state is not None:
            found[key] = state
    return found


def active(connection: Connection, now: float | None = None, most: int = 200) -> list[int]:
    """Keys of the sessions of which something happened within :data:`IDLE_AFTER`, the newest first."""
    now = time.time() if now is None else now
    running = select(exchanges.c.session).where(exchanges.c.status == "running")
    recent = or_(sessions.c.last_at > now - 2 * IDLE_AFTER, sessions.c.id.in_(running))
    query = select(sessions.c.id).where(recent).order_by(sessions.c.last_at.desc()).limit(most)
    return [key for (key,) in connection.execute(query)]


def _lines(connection: Connection, key: int, now: float) -> dict[str | None, list[RowMapping]]:
    """The newest requests of each agent in the order of time: the main one's first, if it has any."""
    mine = _rows().where(exchanges.c.session == key)
    order = (exchanges.c.started_at.desc(), exchanges.c.id.desc())
    rows = list(connection.execute(mine.order_by(*order).limit(RECENT)).mappings())
    if len(rows) == RECENT:
        known = {row["id"] for row in rows}
        main = mine.where(exchanges.c.agent_id.is_(None)).order_by(*order).limit(5)
        running = mine.where(exchanges.c.status == "running")
        for query in (main, running):
            rows += [row for row in connection.execute(query).mappings() if row["id"] not in known]
            known |= {row["id"] for row in rows}
    rows.sort(key=lambda row: (row["started_at"], row["id"]))
    found: dict[str | None, list[RowMapping]] = {None: []}
    for row in rows:
        found.setdefault(row["agent_id"], []).append(row)
    # Of an agent that has long been silent nothing is under way.
    return {
        agent: line
        for agent, line in found.items()
        if line and (agent is None or line[-1]["status"] == "running" or _end(line[-1]) > now - IDLE_AFTER)
    }


def _end(row: RowMapping) -> float:
    return float(row["started_at"] + (row["duration_ms"] or 0.0) / 1000)


def _events(connection: Connection, keys: Sequence[int]) -> dict[tuple[int, str], tuple[float, str | None]]:
    query = select(session_events).where(session_events.c.session.in_(keys))
    return {(row.session, row.kind): (row.at, row.detail) for row in connection.execute(query)}


class _Known:
    """What else is needed of the newest requests: answers, progress, headers, who the client is."""

    def __init__(self, connection: Connection, rows: Sequence[RowMapping], now: float) -> None:
        self._connection = connection
        status = statuses(rows)
        self._status = {row["id"]: said for row, said in zip(rows, status, strict=True)}
        running = [row["id"] for row in rows if self._status[row["id"]] == "running"]
        query = select(progress).where(progress.c.exchange.in_(running))
        self._progress = {row["exchange"]: row for row in connection.execute(query).mappings()}
        answers = {
            row["response_message"]
            for row in rows
            if row["response_message"] is not None and row["stop_reason"] in TOOL_STOPS
        }
        self._answers = turns.load(connection, answers)
        self._facts = turns.load(connection, {row["facts"] for row in rows if row["facts"] is not None})
        failed = [row["id"] for row in rows if self._status[row["id"]] == "error" and _end(row) > now - 600]
        self._headers = dict(_headers(connection, failed))

    def newest(self, line: Sequence[RowMapping]) -> Newest:
        """The newest of an agent's requests, as the pure part wants it."""
        row = line[-1]
        status, came = self._status[row["id"]], self._progress.get(row["id"])
        first = row["ttft_ms"] if came is None else came["ttft_ms"]
        before = _failed_before(line)
        headers = self._headers.get(row["id"], {})
        return Newest(
            agent_id=row["agent_id"],
            name=row["agent_name"]
            or row["agent_type"]
            or ("main" if row["agent_id"] is None else row["agent_id"]),
            status=status,
            http_status=row["http_status"],
            error=row["error"],
            started_at=row["started_at"],
            ended_at=None if status == "running" else _end(row),
            said_at=None if first is None else row["started_at"] + first / 1000,
            last_at=None if came is None else came["last_at"],
            tokens=0 if came is None else came["tokens"],
            stop_reason=row["stop_reason"],
            calls=self._calls(row),
            failed=len(before) + (status == "error"),
            failed_with=states.failure(before[-1]["http_status"], before[-1]["status"]) if before else None,
            retry_after=_seconds(headers.get("retry-after")),
            tries_again={"true": True, "false": False}.get(headers.get("x-should-retry", "")),
            alone=is_alone((self._facts.get(row["facts"]) or {}).get("client")),
        )

    def _calls(self, row: RowMapping) -> list[Call]:
        calling = row["stop_reason"] in TOOL_STOPS
        return client_calls(self._answers.get(row["response_message"])) if calling else []


def is_alone(client: str | None) -> bool:
    """Whether nobody can type to a client, by its ``user-agent``: ``-p``, an SDK, another program."""
    words = client or ""
    return not words.startswith("claude-cli/") or _TERMINALS in words


def _failed_before(line: Sequence[RowMapping]) -> list[RowMapping]:
    """The requests right before the newest that failed asking the same, the newest last."""
    found: list[RowMapping] = []
    for row in reversed(line[:-1]):
        if row["status"] != "error" or row["messages"] != line[-1]["messages"]:
            break
        found.insert(0, row)
    return found


def _headers(connection: Connection, keys: Iterable[int]) -> Iterable[tuple[int, Mapping[str, str]]]:
    query = select(payloads.c.exchange, payloads.c.response_headers).where(
        payloads.c.exchange.in_(list(keys))
    )
    for key, blob in connection.execute(query):
        if blob is not None:
            yield key, {name.lower(): value for name, value in exact.load(content.unpack_blob(blob))}


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else max(0.0, float(text))
    except ValueError:
        return None
