"""Reading the store: what ``lensctl`` and the dashboard ask, while the proxy writes.

Open with :func:`open_reader`; every method is one consistent read. Lists never touch a body.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from threading import RLock
from typing import Any, Literal, Self

from sqlalchemy import Connection, Engine, RowMapping, Select, func, select, tuple_

from claude_lens.errors import NotFound
from claude_lens.exact import load
from claude_lens.store import database, workers
from claude_lens.store.bodies import Bodies, Loader
from claude_lens.store.content import unpack
from claude_lens.store.reading import forms
from claude_lens.store.rows import key_of
from claude_lens.store.schema import contents, exchanges, sessions, tags

Kind = Literal["session", "exchange"]
LAST = "last"
_AMBIGUOUS_SHOWN = 5
_TOTALS = (
    func.count().label("exchanges"),
    func.sum(exchanges.c.cost_usd).label("cost_usd"),
    func.count().filter(exchanges.c.cost_usd.is_(None), exchanges.c.output_tokens > 0).label("unpriced"),
    *(func.sum(exchanges.c[name]).label(name) for name in forms.TOKENS),
    func.min(exchanges.c.started_at).label("first_at"),
    func.max(exchanges.c.started_at + func.coalesce(exchanges.c.duration_ms, 0) / 1000).label("ended_at"),
    func.count().filter(exchanges.c.status == "running").label("running"),
)
SUMMARY = select(sessions.c.session_id, *exchanges.c).join_from(exchanges, sessions)


@dataclass(frozen=True, slots=True)
class Found:
    """What a prefix stands for: the kind of thing, and its whole id."""

    kind: Kind
    id: str


def open_reader(settings: database.HasDatabase | str) -> Reader:
    """A reader of the database that the settings, or an address, name. It opens nothing before it has to."""
    return Reader(settings if isinstance(settings, str) else settings.database_url)


class Reader:
    """Read-only queries. A database that appears, moves away or is replaced is followed from query to query.

    Every method raises :class:`StoreError` where the database cannot be read. May be used by several threads.
    """

    def __init__(self, url: str) -> None:
        self._url = database.parse(url)
        self._engine: Engine | None = None
        self._nothing: Engine | None = None
        self._opened: tuple[int, int] | None = None
        self._lock = RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections; the reader can be used again."""
        with self._lock:
            for engine in (self._engine, self._nothing):
                if engine is not None:
                    engine.dispose()
            self._engine = self._nothing = None

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection within one read transaction, for queries of one's own."""
        engine = self._current()
        # What stands for a missing database is one connection, for one thread at a time.
        turn = self._lock if engine is self._nothing else nullcontext()
        with turn, database.plain_errors(self._url), engine.connect() as connection:
            yield connection

    def _current(self) -> Engine:
        """The engine of the database that is there now; an empty one where there is none."""
        with self._lock:
            now = database.identity(self._url)
            if self._engine is None or now != self._opened:
                if self._engine is not None:
                    self._engine.dispose()
                self._engine, self._opened = database.open_reader(self._url), now
            if self._engine is not None:
                return self._engine
            self._nothing = self._nothing or database.empty()
            return self._nothing

    def sessions(
        self, limit: int = 50, *, before: str | None = None, tag: str | None = None
    ) -> list[forms.Session]:
        """Sessions, the one with the newest exchange first; ``before``: those that follow this id.

        ``tag``: only those that have it, whatever its case.
        """
        query = select(sessions).order_by(sessions.c.last_at.desc(), sessions.c.id.desc()).limit(limit)
        if tag is not None:
            query = query.where(sessions.c.id.in_(tagged(tag)))
        with self.connect() as connection:
            if before is not None:
                key = self._session_key(connection, before)
                place = select(sessions.c.last_at, sessions.c.id).where(sessions.c.id == key)
                last_at, _ = connection.execute(place).one()
                query = query.where(tuple_(sessions.c.last_at, sessions.c.id) < (last_at, key))
            return self._sessions(connection, query)

    def sessions_of(self, ids: Sequence[str]) -> list[forms.Session]:
        """The sessions with these ids, in their order; those that are not there are left out."""
        with self.connect() as connection:
            query = select(sessions).where(sessions.c.session_id.in_(ids))
            found = {one["id"]: one for one in self._sessions(connection, query)}
        return [found[name] for name in ids if name in found]

    def session(self, prefix: str) -> forms.Session:
        """One session by a unique prefix of its id, or ``last``. Raises :class:`NotFound`."""
        with self.connect() as connection:
            key = self._session_key(connection, prefix)
            return self._sessions(connection, select(sessions).where(sessions.c.id == key))[0]

    def agents(self, session: str) -> list[forms.AgentTotals]:
        """The agents of a session with their totals: the main one, then the others as they came."""
        with self.connect() as connection:
            return self._agents(connection, self._session_key(connection, session))

    def exchanges(self, session: str) -> list[forms.Summary]:
        """The exchanges of a session in order of time, without bodies."""
        with self.connect() as connection:
            key = self._session_key(connection, session)
            return [short for _, short in self._summaries(connection, _of_session(key))]

    def summary(self, prefix: str) -> forms.Summary:
        """One exchange without its bodies. Raises :class:`NotFound`."""
        with self.connect() as connection:
            name = _only("exchange", prefix, _candidates(connection, "exchange", prefix))
            ((_, short),) = self._summaries(connection, SUMMARY.where(exchanges.c.exchange_id == name))
            return short

    def exchange(self, prefix: str) -> forms.Exchange:
        """One exchange, whole, by a unique prefix of its id, or ``last``. Raises :class:`NotFound`."""
        with self.connect() as connection:
            key, short, bodies = self._whole(connection, prefix)
            return forms.full(short, _routes(connection, [key])[key], bodies.get(key))

    def bodies(self, prefix: str) -> Bodies | None:
        """Both halves of an exchange as they were: header pairs, JSON or bytes; None where none are kept."""
        with self.connect() as connection:
            key, _, bodies = self._whole(connection, prefix)
            return bodies.get(key)

    def rebuild(self, prefix: str) -> Any:
        """The request body that the client sent, equal as JSON; ``bytes`` where it was no JSON object."""
        bodies = self.bodies(prefix)
        return None if bodies is None else bodies.request

    def show(self, session: str) -> forms.Show:
        """A session, its agents, and its exchanges with all bodies."""
        with self.connect() as connection:
            key = self._session_key(connection, session)
            found = self._summaries(connection, _of_session(key))
            keys = [key for key, _ in found]
            bodies, routes = Loader(connection).load(keys), _routes(connection, keys)
            return {
                "session": self._sessions(connection, select(sessions).where(sessions.c.id == key))[0],
                "agents": self._agents(connection, key),
                "exchanges": [forms.full(short, routes[key], bodies.get(key)) for key, short in found],
            }

    def resolve(self, prefix: str, prefer: Kind = "session") -> Found:
        """What a prefix or ``last`` stands for; where both kinds fit, the preferred one.

        Raises :class:`NotFound` where nothing fits, or more than one of a kind.
        """
        other: Kind = "exchange" if prefer == "session" else "session"
        with self.connect() as connection:
            for kind in (prefer,) if prefix == LAST else (prefer, other):
                ids = _candidates(connection, kind, prefix)
                if ids:
                    return Found(kind, _only(kind, prefix, ids))
        raise NotFound(f"no {prefer} {_named(prefix)}")

    def _session_key(self, connection: Connection, prefix: str) -> int:
        name = _only("session", prefix, _candidates(connection, "session", prefix))
        query = select(sessions.c.id).where(sessions.c.session_id == name)
        return int(connection.execute(query).scalar_one())

    def _whole(self, connection: Connection, prefix: str) -> tuple[int, forms.Summary, dict[int, Bodies]]:
        name = _only("exchange", prefix, _candidates(connection, "exchange", prefix))
        ((key, short),) = self._summaries(connection, SUMMARY.where(exchanges.c.exchange_id == name))
        return key, short, Loader(connection).load([key])

    def _summaries(self, connection: Connection, query: Select[Any]) -> list[tuple[int, forms.Summary]]:
        rows = connection.execute(query).mappings().all()
        return [
            (row["id"], forms.summary(row, state)) for row, state in zip(rows, statuses(rows), strict=True)
        ]

    def _sessions(self, connection: Connection, query: Select[Any]) -> list[forms.Session]:
        rows = connection.execute(query).mappings().all()
        keys = [row["id"] for row in rows]
        agents = func.count(func.distinct(func.coalesce(exchanges.c.agent_id, ""))).label("agents")
        totals = {
            row["session"]: row
            for row in connection.execute(
                select(exchanges.c.session, agents, *_TOTALS)
                .where(exchanges.c.session.in_(keys))
                .group_by(exchanges.c.session)
            ).mappings()
        }
        live = _live(connection, exchanges.c.session, [k for k in totals if totals[k]["running"]])
        named = _tags(connection, keys)
        return [
            _session(row, totals[row["id"]], row["id"] in live, named.get(row["id"], []))
            for row in rows
            if row["id"] in totals
        ]

    def _agents(self, connection: Connection, key: int) -> list[forms.AgentTotals]:
        names = ("agent_parent_id", "agent_type", "agent_name", "facts")
        query = (
            select(
                exchanges.c.agent_id, *(func.max(exchanges.c[name]).label(name) for name in names), *_TOTALS
            )
            .where(exchanges.c.session == key)
            .group_by(exchanges.c.agent_id)
        )
        rows = connection.execute(query).mappings().all()
        live = _live(connection, exchanges.c.agent_id, None, exchanges.c.session == key)
        found = _facts(connection, [row["facts"] for row in rows])
        ordered = sorted(rows, key=lambda row: (row["agent_id"] is not None, row["first_at"]))
        return [_agent(row, found.get(row["facts"], {}), row["agent_id"] in live) for row in ordered]


def _of_session(key: int) -> Select[Any]:
    return SUMMARY.where(exchanges.c.session == key).order_by(exchanges.c.started_at, exchanges.c.exchange_id)


def tagged(tag: str) -> Select[tuple[int]]:
    """The rows of ``sessions`` that have a tag, whatever its case."""
    return select(tags.c.session).where(tags.c.key == key_of(tag))


def _tags(connection: Connection, keys: Sequence[int]) -> dict[int, list[str]]:
    query = select(tags.c.session, tags.c.tag).where(tags.c.session.in_(keys))
    found: dict[int, list[str]] = {}
    for session, tag in connection.execute(query.order_by(tags.c.key)):
        found.setdefault(session, []).append(tag)
    return found


def _session(row: RowMapping, totals: RowMapping, live: bool, named: list[str]) -> forms.Session:
    return {
        "id": row["session_id"],
        "title": row["title"],
        "tags": named,
        "project": row["project"],
        "branch": row["branch"],
        "started_at": forms.iso(totals["first_at"]),
        "ended_at": None if live else forms.iso(totals["ended_at"]),
        "exchanges": totals["exchanges"],
        "agents": totals["agents"],
        "cost_usd": totals["cost_usd"],
        "unpriced": totals["unpriced"],
        "usage": forms.usage(totals),
    }


def _agent(row: RowMapping, facts: Mapping[str, Any], live: bool) -> forms.AgentTotals:
    return {
        "id": row["agent_id"],
        "parent_id": row["agent_parent_id"],
        "type": row["agent_type"],
        "name": row["agent_name"],
        "description": facts.get("description"),
        "started_at": forms.iso(row["first_at"]),
        "ended_at": None if live else forms.iso(row["ended_at"]),
        "duration_ms": None if live else round((row["ended_at"] - row["first_at"]) * 1000, 3),
        "exchanges": row["exchanges"],
        "cost_usd": row["cost_usd"],
        "unpriced": row["unpriced"],
        "usage": forms.usage(row),
    }


def _facts(connection: Connection, keys: Sequence[int | None]) -> dict[int, dict[str, Any]]:
    query = select(contents.c.id, contents.c.codec, contents.c.data).where(
        contents.c.id.in_([key for key in keys if key is not None])
    )
    return {key: load(unpack(codec, data)) for key, codec, data in connection.execute(query)}


def _routes(connection: Connection, keys: Sequence[int]) -> dict[int, forms.Route]:
    columns = (exchanges.c.id, exchanges.c.facts, exchanges.c.cost_requested_usd)
    rows = connection.execute(select(*columns).where(exchanges.c.id.in_(keys))).all()
    facts = _facts(connection, sorted({row.facts for row in rows if row.facts is not None}))
    return {row.id: forms.route(facts.get(row.facts, {}), row.cost_requested_usd) for row in rows}


def statuses(rows: Sequence[RowMapping]) -> list[str]:
    """The status of each row of ``exchanges``: what a dead worker left running is interrupted."""
    dead = _dead(rows)
    return [_status(row, dead) for row in rows]


def _status(row: RowMapping, dead: frozenset[str]) -> str:
    return "interrupted" if row["status"] == "running" and row["worker"] in dead else str(row["status"])


def _dead(rows: Sequence[RowMapping]) -> frozenset[str]:
    newest: dict[str, float] = {}
    for row in rows:
        if row["status"] == "running":
            newest[row["worker"]] = max(newest.get(row["worker"], 0.0), row["started_at"])
    return frozenset(name for name, at in newest.items() if workers.is_dead(name, at))


def _live(connection: Connection, column: Any, keys: Sequence[Any] | None, *where: Any) -> set[Any]:
    """Values of ``column`` (of ``keys``) with an exchange that runs in a worker that lives."""
    query = select(column.label("key"), exchanges.c.worker, exchanges.c.started_at, exchanges.c.status).where(
        exchanges.c.status == "running", *where
    )
    if keys is not None:
        if not keys:
            return set()
        query = query.where(column.in_(keys))
    rows = connection.execute(query).mappings().all()
    dead = _dead(rows)
    return {row["key"] for row in rows if row["worker"] not in dead}


def _candidates(connection: Connection, kind: Kind, prefix: str) -> list[str]:
    column = sessions.c.session_id if kind == "session" else exchanges.c.exchange_id
    if prefix == LAST:
        order = sessions.c.last_at if kind == "session" else exchanges.c.started_at
        query = select(column).order_by(order.desc(), column.desc()).limit(1)
    else:
        # A range, not LIKE: it uses the index, and no character of the prefix is special.
        query = select(column).where(column >= prefix, column < prefix + "\U0010ffff").order_by(column)
        query = query.limit(_AMBIGUOUS_SHOWN + 1)
    found = [name for (name,) in connection.execute(query)] if prefix else []
    return [prefix] if prefix in found else found


def _named(prefix: str) -> str:
    return "recorded yet" if prefix == LAST else f"with an id that begins with {prefix!r}"


def _only(kind: Kind, prefix: str, ids: Sequence[str]) -> str:
    if not ids:
        raise NotFound(f"no {kind} {_named(prefix)}")
    if len(ids) > 1:
        shown = ", ".join(ids[:_AMBIGUOUS_SHOWN]) + (", …" if len(ids) > _AMBIGUOUS_SHOWN else "")
        raise NotFound(f"{prefix!r} is ambiguous: {shown}")
    return ids[0]
