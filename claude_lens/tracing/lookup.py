"""The store, asked where one worker alone cannot know: what others saw of a run, who started a subagent.

A database that is missing, locked or of another version answers nothing: traces then hold what this
worker saw.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, func, or_, select

from claude_lens.errors import StoreError
from claude_lens.exchange import Exchange
from claude_lens.messages.blocks import CALLED
from claude_lens.messages.helpers import BESIDE, COUNT_TOKENS
from claude_lens.messages.spawns import SPAWNING
from claude_lens.settings import Settings
from claude_lens.store.reading.queries import Reader, open_reader
from claude_lens.store.reading.restore import restored
from claude_lens.store.schema import exchanges, sessions
from claude_lens.tracing.tree import RunFacts

MOST_OTHERS = 100
REST_AFTER_FAILURE = 30.0
_FINAL = ("end_turn", "max_tokens", "stop_sequence", "refusal")

T = TypeVar("T")


class StoreLookup:
    """A :class:`~claude_lens.tracing.tree.Lookup` over the store's database."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._rests_until = 0.0

    def facts(self, session: str, prompt_id: str, agent_id: str | None) -> RunFacts | None:
        """A run over all workers; None where the store does not know it."""
        return self._ask(lambda connection: _facts(connection, session, prompt_id, agent_id), None)

    def turn(self, session: str, prompt_id: str) -> int | None:
        """Which prompt of its session it is, from 1; None where the store does not know it."""
        return self._ask(lambda connection: _turn(connection, session, prompt_id), None)

    def others(self, session: str, prompt_id: str, known: frozenset[str]) -> list[Exchange]:
        """The prompt's ended exchanges that call tools or report on them, without those of ``known`` ids."""
        return self._ask(lambda connection: _others(connection, session, prompt_id, known), [])

    def _ask(self, question: Callable[[Connection], T], otherwise: T) -> T:
        if time.monotonic() < self._rests_until:
            return otherwise
        try:
            with self._reader.connect() as connection:
                return question(connection)
        except StoreError:
            self._rests_until = time.monotonic() + REST_AFTER_FAILURE
            return otherwise


def open_lookup(settings: Settings) -> StoreLookup:
    """The lookup over the settings' database, opened when it is first asked."""
    return StoreLookup(open_reader(settings))


def _of_prompt(session: str, prompt_id: str) -> list[ColumnElement[bool]]:
    return [
        sessions.c.session_id == session,
        exchanges.c.prompt_id == prompt_id,
        or_(exchanges.c.request_class.is_(None), exchanges.c.request_class.not_in(BESIDE)),
        exchanges.c.endpoint.not_like(f"%{COUNT_TOKENS}"),
    ]


def _facts(connection: Connection, session: str, prompt_id: str, agent_id: str | None) -> RunFacts | None:
    columns = exchanges.c
    query = (
        select(columns.exchange_id, columns.worker, columns.started_at, columns.status, columns.stop_reason)
        .join_from(exchanges, sessions)
        .where(*_of_prompt(session, prompt_id), columns.agent_id.is_not_distinct_from(agent_id))
        .order_by(columns.started_at, columns.exchange_id)
    )
    rows = connection.execute(query).all()
    if not rows:
        return None
    return RunFacts(
        started=rows[0].started_at,
        first_worker=rows[0].worker,
        last_exchange_id=rows[-1].exchange_id,
        is_final=any(row.status == "ok" and row.stop_reason in _FINAL for row in rows),
    )


def _turn(connection: Connection, session: str, prompt_id: str) -> int | None:
    first = func.min(exchanges.c.started_at).label("first")
    query = (
        select(exchanges.c.prompt_id, first)
        .join_from(exchanges, sessions)
        .where(sessions.c.session_id == session, exchanges.c.prompt_id.is_not(None))
        .where(exchanges.c.agent_id.is_(None))
        .group_by(exchanges.c.prompt_id)
        .order_by(first)
    )
    told = [row.prompt_id for row in connection.execute(query)]
    return told.index(prompt_id) + 1 if prompt_id in told else None


def _others(connection: Connection, session: str, prompt_id: str, known: frozenset[str]) -> list[Exchange]:
    ended = [exchanges.c.tool_durations.like(f'%"{tool}"%') for tool in SPAWNING]
    speaks_of_tools = or_(exchanges.c.stop_reason == CALLED, *ended)
    found = (
        select(exchanges.c.id, exchanges.c.exchange_id)
        .join_from(exchanges, sessions)
        .where(*_of_prompt(session, prompt_id), exchanges.c.status != "running", speaks_of_tools)
        .order_by(exchanges.c.started_at.desc())
    )
    keys = [row.id for row in connection.execute(found) if row.exchange_id not in known][:MOST_OTHERS]
    return restored(connection, exchanges.c.id.in_(keys)) if keys else []
