"""A recorded session as a replay needs it: its requests in order, what of each counts, and its prompts.

Bodies are read once, a few at a time; answers stay in the database until they are given again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, RowMapping, select

from claude_lens import exact
from claude_lens.errors import UserError
from claude_lens.messages.blocks import Json, blocks, kind, messages, new_messages, text_of, texts
from claude_lens.messages.calls import Call, Result, by_id, client_calls, results
from claude_lens.messages.helpers import AUXILIARY, COMPACTION, MAIN, helper, is_beside
from claude_lens.messages.system import entrypoint
from claude_lens.messages.written import human_words, written
from claude_lens.redact.marks import MARK
from claude_lens.replay.comparing import Comparable, Comparing
from claude_lens.store.bodies import Bodies, Loader
from claude_lens.store.reading.answered import answered
from claude_lens.store.reading.queries import statuses
from claude_lens.store.schema import exchanges, sessions
from claude_lens.wire.headers import get

COMMIT: Final = "x-claude-lens-commit"
_AT_ONCE: Final = 25
_NOTIFIED: Final = re.compile(r"<task-id>\s*([^<\s]+)\s*</task-id>")
_INSTRUCTIONS: Final = re.compile(
    r"Additional Instructions:\n(.*?)(?:\n\n(?:IMPORTANT|REMINDER)|\Z)", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A request of the record. ``line``: whose it is, an agent's conversation or a kind of helper request.

    ``turn`` counts an agent's requests from 1, helpers and retries left out. Times are seconds since
    the epoch.
    """

    id: str
    order: int
    agent: str | None
    line: str
    turn: int | None
    model: str | None
    status: str
    started_at: float
    ended_at: float
    ttft_ms: float | None
    duration_ms: float
    comparable: Comparable


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a human gave: words, or blocks where more than words.

    ``before`` is the order of the request that brought it, of which ``model`` and ``effort`` are.
    """

    words: str
    content: Sequence[Json] | None
    before: int
    model: str | None
    effort: str | None


@dataclass(slots=True, kw_only=True)
class Record:
    """A session. ``interactive``: it was typed in a terminal. ``entry``: how its client was started.

    ``calls`` and ``results`` are those of the client's tools, by the call's id. ``problems``: what cannot be
    given again, in words. ``commit``: what was checked out, with ``-dirty`` where files differed from it;
    None where that was not noted. ``awaits``: by the order of an agent's last answer that of the request
    which was on its way before anyone was told of it. ``redacted``: marks stand for secrets in it.
    """

    session_id: str
    project: str | None
    branch: str | None
    commit: str | None
    requests: list[Recorded]
    prompts: list[Prompt]
    calls: dict[str, Call]
    results: dict[str, Result]
    interactive: bool
    entry: str | None
    problems: list[str] = field(default_factory=list)
    awaits: dict[int, int] = field(default_factory=dict)
    redacted: bool = False

    @property
    def main_model(self) -> str | None:
        """The model that the main agent asked first."""
        return next((one.model for one in self.requests if one.line == MAIN), None)

    def agents(self) -> list[str]:
        """The subagents in the order in which they first asked."""
        return list(dict.fromkeys(one.agent for one in self.requests if one.agent is not None))


def read(
    connection: Connection,
    session_id: str,
    comparing: Comparing,
    is_exact: Callable[[Call, Result], bool] | None = None,
) -> Record:
    """The session with this whole id. Raises :class:`UserError` where nothing of it can be replayed.

    ``is_exact``: whether a call's result will be as it was; others are not compared.
    """
    rows = _rows(connection, session_id)
    if not rows:
        raise UserError(f"session {session_id} has no request that could be replayed")
    first = rows[0]
    if any(row["lane"] == "imported" for row in rows):
        raise UserError(
            f"session {session_id} was imported from a transcript: its requests were never seen as they were"
        )
    record = Record(
        session_id=session_id,
        project=first["project"],
        branch=first["branch"],
        commit=None,
        requests=[],
        prompts=[],
        calls={},
        results={},
        interactive=False,
        entry=None,
    )
    if record.project:
        comparing.add_folder(record.project)
    comparing.reads = is_exact is None
    reading = _Reading(record, comparing, is_exact)
    # What runs beside the rows: a request that its user broke off has no answer to give.
    for row, state, bodies in _bodies(connection, rows):
        reading.take(row, state, bodies)
    record.problems += reading.told()
    record.awaits = reading.awaits()
    _note_unkept(connection, record)
    if not record.requests:
        raise UserError(f"session {session_id} cannot be replayed: {'; '.join(record.problems)}")
    return record


def _rows(connection: Connection, session_id: str) -> Sequence[RowMapping]:
    query = (
        select(*exchanges.c)
        .join_from(exchanges, sessions)
        .where(sessions.c.session_id == session_id)
        .order_by(exchanges.c.started_at, exchanges.c.id)
    )
    return connection.execute(query).mappings().all()


def _bodies(
    connection: Connection, rows: Sequence[RowMapping]
) -> Iterator[tuple[RowMapping, str, Bodies | None]]:
    loader = Loader(connection)
    states = statuses(rows)
    for start in range(0, len(rows), _AT_ONCE):
        chosen = rows[start : start + _AT_ONCE]
        found = loader.load([row["id"] for row in chosen])
        for row, state in zip(chosen, states[start:], strict=False):
            yield row, state, found.get(row["id"])


class _Reading:
    """Goes through a session's requests in order."""

    def __init__(
        self, record: Record, comparing: Comparing, is_exact: Callable[[Call, Result], bool] | None
    ) -> None:
        self._record, self._comparing, self._is_exact = record, comparing, is_exact
        self._turns: dict[str | None, int] = {}
        self._last: dict[str | None, bytes] = {}
        self._notified: list[tuple[str, str, int]] = []
        self._broken: list[str] = []
        self._without: list[str] = []

    def told(self) -> list[str]:
        """What was left out."""
        found = []
        if self._without:
            found.append(f"{_requests(self._without)} kept without bodies (CLAUDE_LENS_BODIES was off)")
        if self._broken:
            found.append(f"{_requests(self._broken)} broken off before an end: left out")
        return found

    def awaits(self) -> dict[int, int]:
        """See :class:`Record`."""
        found: dict[int, int] = {}
        for agent, line, order in self._notified:
            earlier = [one for one in self._record.requests if one.order < order and one.turn is not None]
            last = next((one for one in reversed(earlier) if one.line == agent), None)
            before = next((one for one in reversed(earlier) if one.line == line), None)
            if last is not None and before is not None:
                found.setdefault(last.order, before.order)
        return found

    def take(self, row: RowMapping, state: str, bodies: Bodies | None) -> None:
        """The next request."""
        body = bodies.request if bodies is not None else None
        if bodies is None or not isinstance(body, Mapping):
            self._without.append(row["exchange_id"])
            return
        if state in ("running", "cancelled", "interrupted"):
            self._broken.append(row["exchange_id"])
            return
        headers = [(name, value) for name, value in bodies.request_headers]
        self._start(body, headers)
        record = self._record
        record.redacted = record.redacted or MARK.encode() in exact.dump(
            new_messages(messages(body)) if record.requests else body
        )
        self._take_calls(body, bodies.response)
        recorded = self._recorded(row, state, body)
        self._record.requests.append(recorded)
        self._take_prompt(recorded, body, row)
        if recorded.turn is not None:
            for message in new_messages(messages(body)):
                for words in texts(message.get("content")):
                    self._notified += [
                        (one, recorded.line, recorded.order) for one in _NOTIFIED.findall(words)
                    ]

    def _start(self, body: Json, headers: Sequence[tuple[str, str]]) -> None:
        record = self._record
        if not record.requests:
            record.commit = get(headers, COMMIT)
        if record.entry is None:
            agent = get(headers, "user-agent") or ""
            record.entry = entrypoint(body) or ("cli" if "(external, cli" in agent else None)
            record.interactive = record.entry == "cli"

    def _recorded(self, row: RowMapping, state: str, body: Json) -> Recorded:
        agent = row["agent_id"]
        told = row["request_class"]
        known = helper(row["endpoint"], body, subagent=agent is not None)
        beside = is_beside(told, row["endpoint"]) or known is not None
        comparable = self._comparing.of(body)
        turn = None
        if not beside:
            retry = self._last.get(agent) == comparable.whole
            self._turns[agent] = self._turns.get(agent, 0) + (not retry)
            self._last[agent] = comparable.whole if state != "ok" else b""
            turn = self._turns[agent]
        duration = row["duration_ms"] or 0.0
        return Recorded(
            id=row["exchange_id"],
            order=len(self._record.requests),
            agent=agent,
            line=(known or told or AUXILIARY) if beside else MAIN if agent is None else agent,
            turn=turn,
            model=row["model_requested"],
            status=state,
            started_at=row["started_at"],
            ended_at=row["started_at"] + duration / 1000,
            ttft_ms=row["ttft_ms"],
            duration_ms=duration,
            comparable=comparable,
        )

    def _take_calls(self, body: Json, answer: object) -> None:
        """Before the request itself is compared: what of its results counts."""
        made = self._record.calls
        whole = messages(body)
        if not all(found.call_id in self._record.results for found in results(whole)):
            made.update((ident, call) for ident, call in by_id(whole).items() if ident not in made)
        for found in results(whole):
            if found.call_id not in self._record.results:
                self._record.results[found.call_id] = found
                call = made.get(found.call_id)
                if self._is_exact is not None and call is not None and not self._is_exact(call, found):
                    self._comparing.served.add(found.call_id)
        if isinstance(answer, Mapping):
            for call in client_calls(answer):
                made.setdefault(call.id, call)

    def _take_prompt(self, recorded: Recorded, body: Json, row: RowMapping) -> None:
        if recorded.line == COMPACTION and recorded.agent is None:
            if row["compaction"] in (None, "manual"):
                self._compacted(recorded, body)
            return
        if recorded.line != MAIN:
            return
        mine = [one for one in self._record.requests if one.line == MAIN]
        if len(mine) > 1 and mine[-2].comparable.whole == recorded.comparable.whole:
            return
        fresh = new_messages(messages(body))
        typed = [one for one in fresh if human_words(one) is not None or _has_media(one)]
        if not typed or any(results([one]) for one in typed):
            return
        words = "\n".join(filter(None, map(human_words, typed)))
        media = any(_has_media(one) for one in typed)
        content = [b for one in typed for b in _given(one)] if media else None
        self._add(recorded, words, content, body)

    def _compacted(self, recorded: Recorded, body: Json) -> None:
        asked = text_of((messages(body) or [{}])[-1].get("content"))
        more = _INSTRUCTIONS.search(asked)
        self._add(recorded, f"/compact {more[1].strip()}" if more else "/compact", None, body)

    def _add(self, recorded: Recorded, words: str, content: Sequence[Json] | None, body: Json) -> None:
        if not words and not content:
            return
        config = body.get("output_config")
        effort = config.get("effort") if isinstance(config, Mapping) else None
        self._record.prompts.append(
            Prompt(
                words=words,
                content=content,
                before=recorded.order,
                model=recorded.model,
                effort=effort if isinstance(effort, str) else None,
            )
        )


def _has_media(message: Json) -> bool:
    return message.get("role") == "user" and any(
        kind(block) in ("image", "document") for block in blocks(message)
    )


def _given(message: Json) -> Iterator[Json]:
    """What a human gave in a message: words and pictures, without what the client put in."""
    for block in blocks(message):
        if kind(block) in ("image", "document"):
            yield {name: value for name, value in block.items() if name != "cache_control"}
        elif kind(block) == "text":
            own = written({"role": "user", "content": [block]}).human
            if words := "\n".join(filter(None, own)):
                yield {"type": "text", "text": words}


def _note_unkept(connection: Connection, record: Record) -> None:
    """Take out what has no answer to give; note what is answered from its message."""
    gone: list[str] = []
    folded: list[str] = []
    for one in record.requests:
        found = answered(connection, one.id)
        if found.stream is None and found.json is None:
            gone.append(one.id)
        elif found.stream is None and isinstance(found.json, Mapping) and found.json.get("type") == "message":
            folded.append(one.id)
    if gone:
        record.problems.append(f"{_requests(gone)} without an answer that could be given again")
        record.requests = [one for one in record.requests if one.id not in gone]
    if folded:
        record.problems.append(f"{_requests(folded)} answered from the message, as the stream was not kept")


def _requests(ids: Sequence[str]) -> str:
    shown = ", ".join(one[:12] for one in ids[:3]) + (", …" if len(ids) > 3 else "")
    return f"{len(ids)} request{'s' if len(ids) != 1 else ''} ({shown})"
