"""A session as a conversation: what each exchange added to it, found by comparing chains, not texts.

Chains are compared by what their messages are, in whatever form (``aliases``). Only ids are read here;
:func:`load` gives the messages behind some of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, select

from claude_lens import exact
from claude_lens.errors import NotFound, StoreError
from claude_lens.messages.helpers import is_beside
from claude_lens.store import content, workers
from claude_lens.store.reading import forms
from claude_lens.store.reading.lines import Line, Steps
from claude_lens.store.schema import ROOT_NODE, contents, exchanges, nodes, payloads, sessions
from claude_lens.store.writing.identities import aliases_of

_CHUNK: Final = 900


@dataclass(frozen=True, slots=True)
class Step:
    """An exchange of a conversation.

    ``fresh`` are the contents of the messages that its request sent for the first time (answers of the model
    that came back left out); ``anew``: it shares no message with what came before in its agent; ``retry``:
    it asks again what the one before, which failed, had asked, and is one turn with it.
    ``answer`` is the content of the message that came, ``spawned_by`` the tool call that started its agent.
    """

    key: int
    summary: forms.Summary
    compaction: str | None
    compacted: str | None
    tool_durations: str | None
    spawned_by: str | None
    description: str | None
    fresh: tuple[int, ...]
    anew: bool
    answer: int | None
    retry: bool = False


def steps(connection: Connection, session: str) -> list[Step]:
    """All exchanges of the session with this id, in order of arrival. Raises :class:`NotFound`."""
    query = (
        select(
            sessions.c.session_id,
            *exchanges.c,
            payloads.c.messages,
            payloads.c.response_message,
        )
        .join_from(exchanges, sessions)
        .outerjoin(payloads, payloads.c.exchange == exchanges.c.id)
        .where(sessions.c.session_id == session)
        .order_by(exchanges.c.started_at, exchanges.c.id)
    )
    rows = connection.execute(query).mappings().all()
    if not rows:
        raise NotFound(f"no session with the id {session!r}")
    chains = _chains(connection, {row["messages"] for row in rows if row["messages"] is not None})
    facts = load(connection, {row["facts"] for row in rows if row["facts"] is not None})
    answered = {row["response_message"] for row in rows if row["response_message"] is not None}
    same = aliases_of(connection, answered.union(piece for _, piece in chains.values()))
    every = Steps(chains, same)
    lines: dict[str | None, Line] = {}
    answers: set[int] = set()
    failed: dict[str | None, int | None] = {}
    found = []
    for row in rows:
        line = lines.setdefault(row["agent_id"], Line(every))
        beside = is_beside(row["request_class"], row["endpoint"])
        fresh, anew = line.fresh(row["messages"], beside=beside)
        new = [piece for piece in fresh if same.get(piece, piece) not in answers]
        tip, agent = row["messages"], row["agent_id"]
        retry = not beside and tip is not None and failed.get(agent) == tip
        found.append(_step(row, facts.get(row["facts"]) or {}, new, anew, retry))
        if not beside:
            failed[agent] = None if row["status"] == "ok" else tip
        answer = row["response_message"]
        if answer is not None:
            answers.add(same.get(answer, answer))
    return found


def load(connection: Connection, keys: Iterable[int]) -> dict[int, Any]:
    """The JSON of these contents; those that are gone are missing. Raises :class:`StoreError` if damaged."""
    order = sorted(set(keys))
    found: dict[int, Any] = {}
    for start in range(0, len(order), _CHUNK):
        query = select(contents.c.id, contents.c.codec, contents.c.data).where(
            contents.c.id.in_(order[start : start + _CHUNK])
        )
        for key, codec, data in connection.execute(query):
            try:
                found[key] = exact.load(content.unpack(codec, data))
            except ValueError as error:
                raise StoreError(f"content {key} is damaged; run lensctl verify") from error
    return found


def _chains(connection: Connection, tips: set[int]) -> dict[int, tuple[int, int]]:
    order = sorted(tips)
    found: dict[int, tuple[int, int]] = {}
    columns = (nodes.c.id, nodes.c.parent_id, nodes.c.content_id)
    for start in range(0, len(order), _CHUNK):
        chosen = nodes.c.id.in_(order[start : start + _CHUNK]) & (nodes.c.id != ROOT_NODE)
        up = select(*columns).where(chosen).cte(recursive=True)
        # UNION, not UNION ALL: chains that share a beginning are walked once.
        up = up.union(select(*columns).where(nodes.c.id == up.c.parent_id, up.c.parent_id != ROOT_NODE))
        found.update((key, (parent, piece)) for key, parent, piece in connection.execute(select(up)))
    return found


def _step(row: RowMapping, facts: dict[str, Any], fresh: Sequence[int], anew: bool, retry: bool) -> Step:
    running = row["status"] == "running"
    dead = running and workers.is_dead(row["worker"], row["started_at"])
    return Step(
        key=row["id"],
        summary=forms.summary(row, "interrupted" if dead else row["status"]),
        compaction=row["compaction"],
        compacted=row["context_compacted"],
        tool_durations=row["tool_durations"],
        spawned_by=facts.get("spawn_tool_use_id"),
        description=facts.get("description"),
        fresh=tuple(fresh),
        anew=anew,
        answer=row["response_message"],
        retry=retry,
    )
