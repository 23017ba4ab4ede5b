"""What was spent before: the sums that the guard begins with, made from the exchanges themselves."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Integer, RowMapping, Select, and_, cast, func, select

from claude_lens.agents.rules import called
from claude_lens.exact import load
from claude_lens.exchange import Agent
from claude_lens.guard.events import Spent
from claude_lens.guard.rules import Who
from claude_lens.messages.helpers import is_count
from claude_lens.store.content import unpack
from claude_lens.store.rows import NO_SESSION
from claude_lens.store.schema import BUCKET, contents, exchanges, sessions

OLDEST: Final = 35 * 86400.0
"""Sessions without an exchange for so many seconds are left out; a month is the longest window."""

SINGLE: Final = 86400.0
"""Exchanges of the last so many seconds come one by one, with their ids."""

_ENDED: Final = ("ok", "error", "cancelled", "interrupted", "refused")
_WHO: Final = (
    "agent_id",
    "agent_parent_id",
    "agent_type",
    "agent_name",
    "request_class",
    "model_requested",
    "model_routed",
    "project",
    "endpoint",
    "status",
    "facts",
)


def history(connection: Connection, now: float | None = None) -> Iterator[Spent]:
    """Every ended exchange of the sessions of the last month; older ones than a day come as sums."""
    now = time.time() if now is None else now
    alive = sessions.c.last_at >= now - OLDEST
    facts = _Facts(connection)
    recent = exchanges.c.started_at >= now - SINGLE
    for row in connection.execute(_sums(connection, and_(alive, ~recent))).mappings():
        yield _spent(row, facts.of(row["facts"]))
    for row in connection.execute(_singles(and_(alive, recent))).mappings():
        yield _spent(row, facts.of(row["facts"]))


def _singles(where: ColumnElement[bool]) -> Select[Any]:
    columns = (exchanges.c.exchange_id, exchanges.c.started_at, exchanges.c.cost_usd)
    who = (exchanges.c[name] for name in _WHO)
    return _from(select(sessions.c.session_id, *columns, *who), where).order_by(exchanges.c.started_at)


def _sums(connection: Connection, where: ColumnElement[bool]) -> Select[Any]:
    quotient = exchanges.c.started_at / BUCKET
    whole = cast(quotient, Integer) if connection.dialect.name == "sqlite" else func.floor(quotient)
    bucket = whole.label("bucket")
    who = [exchanges.c[name] for name in _WHO]
    sums = (
        func.sum(exchanges.c.cost_usd).label("cost_usd"),
        func.count().label("requests"),
        func.count(exchanges.c.cost_usd).label("priced"),
        func.max(exchanges.c.exchange_id).label("exchange_id"),
    )
    query = _from(select(sessions.c.session_id, bucket, *sums, *who), where)
    return query.group_by(sessions.c.session_id, bucket, *who)


def _from(query: Select[Any], where: ColumnElement[bool]) -> Select[Any]:
    return query.join_from(exchanges, sessions).where(where, exchanges.c.status.in_(_ENDED))


def _spent(row: RowMapping, facts: Mapping[str, Any]) -> Spent:
    single, refused = "bucket" not in row, row["status"] == "refused"
    session = row["session_id"]
    agent = Agent(
        id=row["agent_id"],
        parent_id=row["agent_parent_id"],
        type=row["agent_type"],
        name=row["agent_name"],
        evidence=facts.get("evidence") or "unknown",
    )
    requests = 1 if single else int(row["requests"])
    priced = int(row["cost_usd"] is not None) if single else int(row["priced"])
    return Spent(
        id=row["exchange_id"] if single or refused else "",
        at=row["started_at"] if single else float(row["bucket"] * BUCKET),
        usd=row["cost_usd"] or 0.0,
        requests=requests,
        unpriced=requests - priced,
        free=is_count(row["endpoint"]) or bool(facts.get("title")),
        refused=(facts.get("rule") or "") if refused else None,
        who=Who(
            session=None if session.startswith(NO_SESSION) else session,
            agent=called(agent, row["request_class"]),
            agent_id=agent.id,
            parent_id=agent.parent_id,
            project=row["project"],
            model=row["model_routed"] or row["model_requested"],
            user=facts.get("key_alias"),
            account=facts.get("user_id"),
        ),
    )


class _Facts:
    """Contents of ``facts``, each read once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[int, Mapping[str, Any]] = {}

    def of(self, key: int | None) -> Mapping[str, Any]:
        if key is None:
            return {}
        if key not in self._known:
            query = select(contents.c.codec, contents.c.data).where(contents.c.id == key)
            found = self._connection.execute(query).one_or_none()
            self._known[key] = load(unpack(found.codec, found.data)) if found else {}
        return self._known[key]
