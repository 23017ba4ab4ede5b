"""Letting go of contents and steps that no exchange refers to any more.

What is referred to is worked out while others write; before each deletion, under the write lock, what they
have added since is worked out too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, delete, func, select

from claude_lens.exact import load
from claude_lens.store.content import unpack
from claude_lens.store.maintenance.upkeep import in_chunks, note_deletion, reading
from claude_lens.store.schema import (
    aliases,
    contents,
    exchanges,
    meta,
    nodes,
    occurrences,
    payloads,
    sessions,
)
from claude_lens.store.writing.derived import REWRITTEN, unindex
from claude_lens.store.writing.identities import forget
from claude_lens.store.writing.words import columns

_NODES: Final = ("system", "tools", "messages")
_CONTENTS: Final = ("request_raw", "params", "response_raw", "response_message")
_ROWS: Final = 10_000


class _Marks:
    """A flag an id: a byte each, which a million ids can afford."""

    def __init__(self, top: int) -> None:
        self._flags = bytearray(top + 1)

    def add(self, key: int | None) -> None:
        if key is not None and key < len(self._flags):
            self._flags[key] = 1

    def __contains__(self, key: int) -> bool:
        return key >= len(self._flags) or bool(self._flags[key])

    def missing(self) -> list[int]:
        """Ids without a flag, from 1 on."""
        return [key for key, flag in enumerate(self._flags) if not flag and key > 0]


class Sweep:
    """One pass over a database. ``contents`` and ``nodes`` count what went."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.contents = self.nodes = 0
        self._seen_node = self._seen_exchange = 0
        self._rewritten: str | None = None
        with reading(engine) as connection:
            self._note(connection)
            self._look_for_rewriting(connection)
            top = connection.execute(select(func.coalesce(func.max(contents.c.id), 0))).scalar_one()
        self._contents, self._nodes = _Marks(int(top)), _Marks(self._seen_node)
        self._nodes.add(0)

    def run(self, progress: Callable[[float], None] = lambda _: None) -> None:
        """Find and delete. Safe to stop at any moment: the next pass begins anew."""
        with reading(self._engine) as connection:
            self._mark(connection)
        dead_nodes, dead_contents = self._nodes.missing(), self._contents.missing()
        whole = len(dead_nodes) + len(dead_contents) or 1
        # Later steps first, so that none is ever without its parent.
        share = len(dead_nodes) / whole
        in_chunks(self._engine, dead_nodes[::-1], self._drop_nodes, lambda done: progress(done * share))
        in_chunks(
            self._engine,
            dead_contents,
            self._drop_contents,
            lambda done: progress(share + done * (1 - share)),
        )
        in_chunks(self._engine, gone_sessions(self._engine, occurrences), _drop_occurrences, first=1)

    def _mark(self, connection: Connection) -> None:
        self._mark_payloads(connection.execute(_references().execution_options(yield_per=_ROWS)))
        steps = select(nodes.c.id, nodes.c.parent_id, nodes.c.content_id).order_by(nodes.c.id.desc())
        # A parent is older than its children: going down, each is marked before it is met.
        for key, parent, piece in connection.execute(steps.execution_options(yield_per=_ROWS)):
            if key in self._nodes:
                self._nodes.add(parent)
                self._contents.add(piece)
        self._keep_same(connection)

    def _keep_same(self, connection: Connection) -> None:
        """What a message that stays is known as stays too."""
        for key, same in connection.execute(select(aliases).execution_options(yield_per=_ROWS)):
            if key in self._contents:
                self._contents.add(same)

    def _mark_payloads(self, rows: Iterable[Any]) -> None:
        for row in rows:
            for key in row[: len(_NODES)]:
                self._nodes.add(key)
            for key in row[len(_NODES) :]:
                self._contents.add(key)

    def _catch_up(self, connection: Connection) -> None:
        """Mark what was referred to since: by new exchanges and steps, and by answers that have come."""
        newer = _references().where(exchanges.c.id > self._seen_exchange)
        rows = list(connection.execute(newer))
        for part in _parts(sorted(self._running)):
            rows += connection.execute(_references().where(exchanges.c.id.in_(part)))
        for row in rows:
            for tip in row[: len(_NODES)]:
                self._mark_up(connection, tip or 0)
        self._mark_payloads(rows)
        steps = select(nodes.c.parent_id, nodes.c.content_id).where(nodes.c.id > self._seen_node)
        for parent, piece in connection.execute(steps).all():
            self._contents.add(piece)
            self._mark_up(connection, parent)
        if self._look_for_rewriting(connection):
            self._mark(connection)
        self._note(connection)

    def _look_for_rewriting(self, connection: Connection) -> bool:
        """Whether exchanges that were seen may refer to others since the last look."""
        before = self._rewritten
        query = select(meta.c.value).where(meta.c.key == REWRITTEN)
        self._rewritten = connection.execute(query).scalar()
        return self._rewritten != before

    def _note(self, connection: Connection) -> None:
        """Remember what has been seen by now, and what may still change."""
        tops = [
            select(func.coalesce(func.max(table.c.id), 0)).scalar_subquery() for table in (nodes, exchanges)
        ]
        seen = connection.execute(select(*tops)).one()
        self._seen_node = max(self._seen_node, int(seen[0]))
        self._seen_exchange = max(self._seen_exchange, int(seen[1]))
        running = select(exchanges.c.id).where(exchanges.c.status == "running")
        self._running = {key for (key,) in connection.execute(running)}

    def _mark_up(self, connection: Connection, key: int) -> None:
        step = select(nodes.c.parent_id, nodes.c.content_id)
        while key and key not in self._nodes:
            self._nodes.add(key)
            row = connection.execute(step.where(nodes.c.id == key)).one_or_none()
            if row is None:
                return
            self._contents.add(row.content_id)
            key = row.parent_id

    def _drop_nodes(self, connection: Connection, keys: Sequence[int]) -> None:
        self._catch_up(connection)
        dead = [key for key in keys if key not in self._nodes]
        if dead:
            note_deletion(connection)
            for part in _parts(dead):
                self.nodes += connection.execute(delete(nodes).where(nodes.c.id.in_(part))).rowcount

    def _drop_contents(self, connection: Connection, keys: Sequence[int]) -> None:
        self._catch_up(connection)
        dead = [key for key in keys if key not in self._contents]
        dead = self._without_kept(connection, dead)
        if not dead:
            return
        note_deletion(connection)
        for part in _parts(dead):
            self._drop_texts(connection, part)
            connection.execute(delete(occurrences).where(occurrences.c.content.in_(part)))
            self.contents += connection.execute(delete(contents).where(contents.c.id.in_(part))).rowcount

    def _without_kept(self, connection: Connection, keys: Sequence[int]) -> list[int]:
        """Those that nothing which came back meanwhile is known as, and what else is known as them."""
        dead = set(keys)
        for part in _parts(keys):
            for key, same in connection.execute(select(aliases).where(aliases.c.same.in_(part))):
                if key in self._contents:
                    dead.discard(same)
        gone = sorted(dead)
        for part in _parts(gone):
            others = select(aliases.c.content).where(aliases.c.same.in_(part))
            dead.update(key for (key,) in connection.execute(others))
        return sorted(dead)

    def _drop_texts(self, connection: Connection, keys: Sequence[int]) -> None:
        indexed = select(occurrences.c.content).where(occurrences.c.content.in_(keys)).distinct()
        known = [key for (key,) in connection.execute(indexed)]
        others = select(aliases.c.content).where(aliases.c.content.in_(keys))
        forget(connection, dict.fromkeys(key for (key,) in connection.execute(others)))
        query = select(contents.c.id, contents.c.codec, contents.c.data).where(contents.c.id.in_(known))
        values = {key: load(unpack(codec, data)) for key, codec, data in connection.execute(query)}
        forget(connection, values)
        unindex(
            connection,
            {key: row for key, value in values.items() if (row := columns(value)) is not None},
        )


def gone_sessions(engine: Engine, table: Table) -> list[int]:
    """Sessions that ``table`` has rows of, though they are there no more; found while others write."""
    with reading(engine) as connection:
        named = {key for (key,) in connection.execute(select(table.c.session).distinct())}
        there = {key for (key,) in connection.execute(select(sessions.c.id))}
    return sorted(named - there - {0})


def _drop_occurrences(connection: Connection, keys: Sequence[int]) -> None:
    # A session that came back meanwhile has another key.
    for part in _parts(keys):
        connection.execute(delete(occurrences).where(occurrences.c.session.in_(part)))


def _references() -> Any:
    names = (*_NODES, *_CONTENTS)
    return select(*(payloads.c[name] for name in names), exchanges.c.facts).select_from(
        exchanges.outerjoin(payloads, payloads.c.exchange == exchanges.c.id)
    )


def _parts(keys: Sequence[int], size: int = 900) -> Iterable[Sequence[int]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
