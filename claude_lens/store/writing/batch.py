"""One transaction of the writer: exchanges become rows, each content and each step of a chain once.

Row ids are given out here. That is safe because a transaction holds the write lock from its first statement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, select

from claude_lens import exact
from claude_lens.store import chain, content
from claude_lens.store import streams as packing
from claude_lens.store.database import refuse_newer
from claude_lens.store.rows import (
    Item,
    ResponseParts,
    exchange_row,
    facts,
    known_of,
    response_parts,
    session_key,
    short,
)
from claude_lens.store.rows import text as clean
from claude_lens.store.schema import (
    ROOT_NODE,
    SERIES,
    contents,
    exchanges,
    meta,
    metadata,
    nodes,
    payloads,
    plan_readings,
    sessions,
    streams,
)
from claude_lens.store.writing import readings, statements, titles
from claude_lens.store.writing.calls import calls_of
from claude_lens.store.writing.derived import Derived
from claude_lens.store.writing.identities import Identities
from claude_lens.store.writing.known import Known
from claude_lens.store.writing.prepared import MOST


class Batch:
    """Collects the rows of some exchanges on a connection that holds the write lock; ``write`` sends them.

    ``bodies`` and ``raw`` tell whether to keep bodies, and event streams. ``known`` is only read; after the
    commit, ``learned`` goes into it.
    """

    def __init__(self, connection: Connection, known: Known, bodies: bool, raw: bool = True) -> None:
        self._connection = connection
        self._bodies = bodies
        self._raw = raw
        top = statements.STATE.ask(connection).one()
        self._top = dict(zip((contents, nodes, sessions, exchanges), top[:4], strict=True))
        for name, value in statements.TOPS.ask(connection):
            table = metadata.tables[name.removeprefix("top_")]
            self._top[table] = max(self._top[table], int(value))
        self.generation: str = top[4]
        # Another, newer claude-lens may have brought it over since it was opened.
        refuse_newer(top[5])
        # Rows were deleted since, or this is another database: what is known may be gone.
        self._known = known if known.generation == self.generation else Known()
        self._contents: dict[bytes, int] = {}
        self._nodes: dict[bytes, int] = {}
        self._fresh: set[int] = set()
        self._new_nodes: set[int] = set()
        self._tips: set[int] = set()
        self._session_ids: dict[str, int] = {}
        self._ranks: dict[str, int] = {}
        self._running: dict[str, int] = {}
        self._ended: list[str] = []
        self._touched: dict[str, dict[str, Any]] = {}
        self._rows: dict[Table, list[dict[str, Any]]] = {table: [] for table in statements.INSERTS}
        self._derived = Derived(connection, self._known)
        self._identities = Identities(connection, self._known)
        self._seen: dict[tuple[int, bytes], bool] = {}
        self._stale: dict[str, bool] = {}
        self._exchange_updates: list[dict[str, Any]] = []
        self._payload_updates: list[dict[str, Any]] = []

    def _name(self, name: str) -> str:
        return short(name, self._connection.dialect.name)

    def _new_id(self, table: Table) -> int:
        self._top[table] += 1
        return int(self._top[table])

    def prefetch(self, items: Sequence[Item]) -> None:
        """Look up the contents that ``items`` may share with others, all at once."""
        wanted: set[bytes] = set()
        for item in items if self._bodies else ():
            if self._known.running.get(item.exchange.id) is not None:
                continue
            parts = item.request().parts
            if parts is not None:
                wanted.add(content.digest(parts.params))
                for each in parts.chains.values():
                    wanted.update(each.contents[self._known_steps(each)[0] :])
        missing = [digest for digest in wanted if self._known.contents.get(digest) is None]
        for start in range(0, len(missing), MOST):
            found = statements.CONTENTS.among(self._connection, missing[start : start + MOST])
            self._contents.update((bytes(row.digest), row.id) for row in found)
        self._looked_up = wanted

    def _known_steps(self, each: chain.Chain) -> tuple[int, int]:
        for count in range(len(each.steps), 0, -1):
            step = each.steps[count - 1]
            key = self._nodes.get(step) or self._known.nodes.get(step)
            if key is not None:
                return count, key
        return 0, ROOT_NODE

    def _content(self, digest: bytes, data: Callable[[], bytes]) -> int:
        key = self._contents.get(digest) or self._known.contents.get(digest)
        if key is None and digest not in self._looked_up:
            stored = statements.CONTENTS.among(self._connection, [digest]).first()
            key = stored.id if stored else None
        if key is None:
            key = self._new_id(contents)
            self._fresh.add(key)
            raw = data()
            codec, packed = content.pack(raw)
            row = {"id": key, "digest": digest, "codec": codec, "size": len(raw), "data": packed}
            self._rows[contents].append(row)
        self._contents[digest] = key
        return key

    def _bytes(self, data: bytes | None) -> int | None:
        return None if data is None else self._content(content.digest(data), lambda: data)

    def _tip(self, each: chain.Chain | None) -> int | None:
        if each is None:
            return None
        count, parent = self._known_steps(each)
        on_disk = True
        for index in range(count, len(each.steps)):
            value = each.values[index]
            piece = self._content(each.contents[index], lambda value=value: chain.element(value))  # type: ignore[misc]
            found = None
            on_disk = on_disk and piece not in self._fresh
            if on_disk:
                found = statements.NODE.ask(self._connection, parent=parent, content=piece).scalar()
            if found is None:
                found = self._new_id(nodes)
                self._new_nodes.add(found)
                on_disk = False
                self._rows[nodes].append({"id": found, "parent_id": parent, "content_id": piece})
            self._nodes[each.steps[index]] = parent = found
        self._nodes[each.steps[-1]] = parent
        return parent

    def add(self, item: Item) -> None:
        """Work out the rows of one exchange. An arrival never overwrites what is already stored."""
        exchange = item.exchange
        name = clean(exchange.id) or ""
        key = self._running.get(exchange.id) or self._known.running.get(exchange.id)
        again, running = False, exchange.status == "running"
        # Another recorder may have ended it meanwhile, as left behind by a dead worker.
        if key is None or (not running and exchange.id not in self._running):
            found = statements.EXCHANGE.ask(self._connection, name=name).one_or_none()
            key, again = (found.id, found.status != "running") if found else (None, False)
        if running and key is not None:
            return
        session = self._session(item)
        row = exchange_row(exchange) | {"session": session, "facts": self._bytes(facts(exchange))}
        row |= {column: self._name(row[column]) for column in SERIES if row[column]}
        if key is None:
            key = self._new_id(exchanges)
            self._rows[exchanges].append(row | {"id": key})
            if self._bodies:
                request, response = self._request(item, session, key), self._response(item, session, key)
                self._rows[payloads].append({"exchange": key} | request | response)
        else:
            if again:
                self._derived.forget(key)
                self._connection.execute(streams.delete().where(streams.c.exchange == key))
                self._connection.execute(plan_readings.delete().where(plan_readings.c.exchange == key))
            self._exchange_updates.append(row | {"_key": key})
            if self._bodies:
                self._payload_updates.append({"_key": key} | self._response(item, session, key))
        if running:
            self._running[exchange.id] = key
        else:
            stale = self._stale.get(exchange.id) or self._known.stale.get(exchange.id)
            used = calls_of(exchange, results=not stale)
            self._derived.ended(key, row, {self._name(tool): calls for tool, calls in used.items()})
            self._rows[plan_readings] += readings.rows(exchange, key)
            self._ended.append(exchange.id)

    def _request(self, item: Item, session: int, key: int) -> dict[str, Any]:
        kept = item.request()
        parts = kept.parts
        row: dict[str, Any] = {
            "query": kept.query,
            "request_headers": kept.headers,
            "request_raw": self._bytes(kept.raw),
            "params": None if parts is None else self._bytes(parts.params),
            "shape": None,
            "digest": None if parts is None else parts.digest,
        }
        for name in chain.LISTS:
            row[name] = None if parts is None else self._tip(parts.chains.get(name))
        if parts is not None and (parts.marks or parts.single):
            row["shape"] = content.pack_blob(exact.dump([parts.marks, sorted(parts.single)]))
        if parts is not None and "messages" in parts.chains:
            quiet = titles.repeats_only(item.exchange)
            self._stale[item.exchange.id] = not self._messages(parts.chains["messages"], session, key, quiet)
        return row

    def _messages(self, each: chain.Chain, session: int, exchange: int, quiet: bool) -> bool:
        """Note which messages this session has now, unless ``quiet``; whether the last one is new here."""
        first = len(each.steps)
        while first and not self._has_seen((session, each.steps[first - 1])):
            first -= 1
        pieces = [self._piece(each, index) for index in range(first, len(each.steps))]
        if not quiet:
            self._occur(pieces, session, exchange)
        # Not only the last: the newest message comes in another form the next time.
        self._seen |= {(session, step): True for step in each.steps[-1 if quiet else -3 :]}
        is_new = (tip := self._nodes[each.steps[-1]]) in self._new_nodes and tip not in self._tips
        self._tips.add(tip)
        return is_new

    def _piece(self, each: chain.Chain, index: int) -> tuple[int, bytes, Any]:
        """Key and digest of a message, and what it says where it is new in the database."""
        key = self._content(each.contents[index], lambda: b"")
        return key, each.contents[index], each.values[index] if key in self._fresh else None

    def _has_seen(self, place: tuple[int, bytes]) -> bool:
        return bool(self._seen.get(place) or self._known.seen.get(place))

    def _occur(self, pieces: Sequence[tuple[int, bytes, Any]], session: int, exchange: int) -> None:
        """Note that a session has these messages (key, digest, value); index those that are new."""
        self._identities.meet([piece for piece in pieces if piece[0] in self._fresh])
        keys = [key for key, _, _ in pieces]
        for (key, _, value), same in zip(pieces, self._identities.same(keys), strict=True):
            if key == same and key in self._fresh:
                self._derived.message(key, value)
            self._derived.occurs(same, session, exchange)

    def _response(self, item: Item, session: int, exchange: int) -> dict[str, Any]:
        response = item.exchange.response
        kept = response_parts(response) if response else ResponseParts(b"")
        if response and self._raw:
            stream = packing.row(response, kept.rest, known_of(kept.rest, kept.message))
            self._rows[streams] += [] if stream is None else [{"exchange": exchange, **stream}]
        return {
            "response_headers": kept.headers or None,
            "response_raw": self._bytes(kept.raw),
            "response_message": self._answer(kept, session, exchange),
            "response_rest": kept.rest,
        }

    def _answer(self, kept: ResponseParts, session: int, key: int) -> int | None:
        piece = self._bytes(kept.message)
        if piece is not None and kept.message is not None:
            self._occur([(piece, content.digest(kept.message), kept.said)], session, key)
        return piece

    def _session(self, item: Item) -> int:
        exchange = item.exchange
        name = self._name(session_key(exchange))
        key = self._session_ids.get(name) or self._known.sessions.get(name)
        rank = self._ranks.get(name, self._known.ranks.get(name) or titles.NONE)
        if key is None:
            found = statements.SESSION.ask(self._connection, name=name).one_or_none()
            key, rank = (found.id, found.title_rank) if found else (self._new_id(sessions), titles.NONE)
            if not found:
                row = {"id": key, "session_id": name, "title_rank": rank}
                self._rows[sessions].append(
                    row | {"started_at": exchange.started_at, "last_at": exchange.started_at}
                )
        better = titles.title_of(exchange, rank) if self._bodies else None
        self._session_ids[name], self._ranks[name] = key, better[1] if better else rank
        self._touch(name, key, item, better)
        return key

    def _touch(self, name: str, key: int, item: Item, title: tuple[str, int] | None) -> None:
        at = item.exchange.started_at
        change = self._touched.setdefault(
            name,
            {
                "key": key,
                "first": at,
                "last": at,
                "rank": titles.NONE,
                "new_title": None,
                "new_project": None,
                "new_branch": None,
            },
        )
        change["first"], change["last"] = min(change["first"], at), max(change["last"], at)
        if title:
            change["new_title"], change["rank"] = clean(title[0]), title[1]
        change["new_project"] = change["new_project"] or clean(item.exchange.identity.project)
        change["new_branch"] = clean(item.exchange.identity.branch) or change["new_branch"]

    def write(self) -> None:
        """Send all rows, referenced ones first."""
        for each, rows in self._rows.items():
            statements.INSERTS[each].run(self._connection, rows)
        statements.TOUCH_SESSION.run(self._connection, list(self._touched.values()))
        statements.UPDATE_EXCHANGE.run(self._connection, self._exchange_updates)
        statements.UPDATE_PAYLOAD.run(self._connection, self._payload_updates)
        self._identities.write()
        self._derived.write()

    def learned(self) -> Known:
        """What is known now that the transaction is committed."""
        known = self._known
        known.generation = self.generation
        known.contents.update(self._contents)
        known.nodes.update(self._nodes)
        known.sessions.update(self._session_ids)
        known.ranks.update(self._ranks)
        known.running.update(self._running)
        known.seen.update(self._seen)
        known.stale.update({name: True for name, stale in self._stale.items() if stale})
        self._identities.learned(known)
        self._derived.learned(known)
        for name in self._ended:
            known.running.discard(name)
            known.stale.discard(name)
        return known


def store_content(connection: Connection, data: bytes) -> int:
    """The key of a content, stored if it is new, on a connection that holds the write lock."""
    digest = content.digest(data)
    key = connection.execute(select(contents.c.id).where(contents.c.digest == digest)).scalar()
    if key is None:
        top = connection.execute(select(func.coalesce(func.max(contents.c.id), 0))).scalar_one()
        noted = connection.execute(select(meta.c.value).where(meta.c.key == "top_contents")).scalar()
        key = max(int(top), int(noted or 0)) + 1
        codec, packed = content.pack(data)
        row = {"id": key, "digest": digest, "codec": codec, "size": len(data), "data": packed}
        connection.execute(contents.insert(), row)
    return int(key)
