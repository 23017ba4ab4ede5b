"""Taking secrets out of what is stored already: contents, headers, answers, errors, titles, the search index.

Contents are changed in place, so every chain that shares one is clean at once. A stream that may hold a
secret, perhaps cut over several events, is dropped whole. The digests of whole requests follow at the end;
until then ``meta`` says that they are behind (``SCRUBBING``).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, delete, or_, select, update

from claude_lens import exact
from claude_lens.redact import Redactor
from claude_lens.store import chain, content, database, identity
from claude_lens.store import streams as packing
from claude_lens.store.findings_tables import accepted_findings, session_findings
from claude_lens.store.maintenance.reindex import drop_before
from claude_lens.store.maintenance.upkeep import (
    SCRUBBING,
    Progress,
    compact_search,
    in_chunks,
    note_deletion,
    opened,
    quiet,
    reading,
    remember,
    shrink,
)
from claude_lens.store.reading import raw as raw_streams
from claude_lens.store.schema import (
    ROOT_NODE,
    SERIES,
    calls,
    contents,
    exchanges,
    identities,
    meta,
    nodes,
    occurrences,
    payloads,
    series,
    sessions,
    streams,
    timings,
    tool_totals,
)
from claude_lens.store.writing.derived import index, to_index, unindex
from claude_lens.store.writing.words import columns

_DROP: Final = update(streams).values(codec=packing.SCRUBBED, data=None)
# What an exchange says in words: from the client, its headers, its environment.
_SAID: Final = (
    "error",
    "prompt_id",
    "request_class",
    "project",
    "branch",
    "agent_id",
    "agent_parent_id",
    "agent_type",
    "agent_name",
    "model_requested",
    "model_routed",
)
_SUMMED: Final = (
    calls.c.tool,
    tool_totals.c.tool,
    timings.c.what,
    timings.c.value,
    *(series.c[name] for name in SERIES),
)
_BLOBS: Final = ("request_headers", "response_headers", "response_rest")


@dataclass(slots=True)
class Scrubbed:
    """How many contents were looked at, and how many rows had secrets."""

    looked_at: int = 0
    contents: int = 0
    others: int = 0
    streams: int = 0
    dry_run: bool = False


def scrub(url: str, redactor: Redactor, *, dry_run: bool = False, progress: Progress = quiet) -> Scrubbed:
    """Redact everything in the database. Raises :class:`StoreError`. May be stopped and begun anew."""
    done = Scrubbed(dry_run=dry_run)
    with opened(database.parse(url)) as engine:
        if not dry_run:
            # It has words of what is cleaned now.
            drop_before(engine)
        _Scrub(engine, redactor, done).run(progress)
        if done.contents and not dry_run:
            compact_search(engine, lambda share: progress("compacting the search index", share))
        if not dry_run:
            shrink(engine, lambda share: progress("shrinking the file", share))
    return done


class _Scrub:
    def __init__(self, engine: Engine, redactor: Redactor, done: Scrubbed) -> None:
        self._engine, self._redactor, self._done = engine, redactor, done
        self._newest = 0
        self._running: list[int] = []

    def run(self, progress: Progress) -> None:
        with reading(self._engine) as connection:
            keys = [key for (key,) in connection.execute(select(contents.c.id).order_by(contents.c.id))]
            rows = [key for (key,) in connection.execute(select(exchanges.c.id).order_by(exchanges.c.id))]
            named = [key for (key,) in connection.execute(select(sessions.c.id))]
            running = select(exchanges.c.id).where(exchanges.c.status == "running")
            self._running = [key for (key,) in connection.execute(running)]
        self._newest = max(rows, default=0)
        # Before the contents that they are packed against change; afterwards, what has come since.
        self._look_through_streams(streams.c.exchange <= self._newest, progress)
        in_chunks(
            self._engine, keys, self._contents, lambda share: progress("looking through contents", share)
        )
        in_chunks(self._engine, rows, self._rows, lambda share: progress("looking through exchanges", share))
        in_chunks(self._engine, named, self._titles)
        with self._engine.begin() as connection:
            self._sums(connection)
            self._findings(connection)
        self._look_through_streams(self._later(streams.c.exchange), progress)
        if not self._done.dry_run:
            _digests(self._engine, lambda share: progress("comparing requests", share))

    def _later(self, column: Any) -> Any:
        """Whether ``column`` refers to an exchange whose answer may have come since the start."""
        return or_(column > self._newest, column.in_(self._running))

    def _look_through_streams(self, which: Any, progress: Progress) -> None:
        query = select(streams.c.exchange).where(which, streams.c.data.is_not(None))
        with reading(self._engine) as connection:
            keys = [key for (key,) in connection.execute(query.order_by(streams.c.exchange))]
        in_chunks(self._engine, keys, self._streams, lambda share: progress("looking through streams", share))

    def _streams(self, connection: Connection, keys: Sequence[int]) -> None:
        for start in range(0, len(keys), 900):
            wanted = streams.c.exchange.in_(keys[start : start + 900])
            rows = connection.execute(raw_streams.packed(wanted)).all()
            gone = [row.exchange for row in rows if self._may_tell(row)]
            self._done.streams += len(gone)
            if gone and not self._done.dry_run:
                connection.execute(_DROP.where(streams.c.exchange.in_(gone)))

    def _may_tell(self, row: Any) -> bool:
        """Whether a stream or what it stands for has a secret; one that cannot be read may have."""
        try:
            body, message = raw_streams.opened(row)
            rest = content.unpack_blob(row.response_rest)
        except ValueError:
            return True
        said = (part for part in (message, rest) if part is not None)
        return (
            any(self._clean(part) != part for part in said)
            or self._redactor.raw(body) != body
            or bool(row.error and self._redactor.text(row.error) != row.error)
        )

    def _contents(self, connection: Connection, keys: Sequence[int]) -> None:
        for start in range(0, len(keys), 900):
            part = keys[start : start + 900]
            query = select(contents.c.id, contents.c.codec, contents.c.data).where(contents.c.id.in_(part))
            changed = []
            for key, codec, data in connection.execute(query).all():
                self._done.looked_at += 1
                raw = content.unpack(codec, data)
                clean = self._clean(raw)
                if clean != raw:
                    changed.append(key)
                    if not self._done.dry_run:
                        self._replace(connection, key, raw, clean)
            self._done.contents += len(changed)
            if changed and not self._done.dry_run:
                remember(connection, SCRUBBING, secrets.token_hex(8))
                self._unpackable(connection, changed)

    def _unpackable(self, connection: Connection, keys: Sequence[int]) -> None:
        """Drop streams that came since the start, and are packed against a content that has changed now."""
        about = payloads.c.response_message.in_(keys) & self._later(payloads.c.exchange)
        packed = select(payloads.c.exchange).where(about)
        dropped = _DROP.where(streams.c.exchange.in_(packed), streams.c.data.is_not(None))
        self._done.streams += connection.execute(dropped).rowcount

    def _clean(self, raw: bytes) -> bytes:
        clean = self._redactor.json(raw)
        try:
            exact.load(clean)
        except (ValueError, RecursionError):
            # A body as it came: bytes that are no JSON.
            return self._redactor.raw(clean)
        return clean

    def _replace(self, connection: Connection, key: int, raw: bytes, clean: bytes) -> None:
        note_deletion(connection)
        # The same content may be there already, recorded clean. White space tells the two apart.
        while connection.execute(
            select(contents.c.id).where(contents.c.digest == content.digest(clean))
        ).scalar():
            clean += b" "
        codec, packed = content.pack(clean)
        row = {"digest": content.digest(clean), "codec": codec, "size": len(clean), "data": packed}
        connection.execute(update(contents).where(contents.c.id == key).values(row))
        if connection.execute(
            select(occurrences.c.session).where(occurrences.c.content == key).limit(1)
        ).scalar():
            _identify(connection, key, exact.load(raw), exact.load(clean))
            before, after = columns(exact.load(raw)), columns(exact.load(clean))
            unindex(connection, {} if before is None else {key: before})
            # What an upgrade left to be indexed is indexed as it is then.
            if after is not None and key > to_index(connection)[0]:
                index(connection, {key: after})

    def _rows(self, connection: Connection, keys: Sequence[int]) -> None:
        for start in range(0, len(keys), 900):
            part = keys[start : start + 900]
            wanted = (payloads.c.exchange, *(payloads.c[name] for name in _BLOBS), payloads.c.query)
            for row in (
                connection.execute(select(*wanted).where(payloads.c.exchange.in_(part))).mappings().all()
            ):
                changed = self._blobs(row)
                if changed:
                    self._done.others += 1
                    if not self._done.dry_run:
                        where = payloads.c.exchange == row["exchange"]
                        connection.execute(update(payloads).where(where).values(changed))
            for name in _SAID:
                self._texts(connection, exchanges, name, part)

    def _titles(self, connection: Connection, keys: Sequence[int]) -> None:
        for start in range(0, len(keys), 900):
            for name in ("title", "session_id", "project", "branch"):
                self._texts(connection, sessions, name, keys[start : start + 900])

    def _sums(self, connection: Connection) -> None:
        """Names of tools, models and agents that calls and sums are kept by."""
        for column in _SUMMED:
            table = column.table
            for (name,) in connection.execute(select(column).where(column.is_not(None)).distinct()).all():
                clean = self._redactor.text(name)
                if clean == name:
                    continue
                self._done.others += 1
                if self._done.dry_run:
                    continue
                for spaces in range(3):
                    # It may have been recorded under its mark too. White space tells the two apart.
                    new = clean + " " * spaces
                    if connection.execute(select(column).where(column == new).limit(1)).scalar() is None:
                        connection.execute(update(table).where(column == name).values({column.name: new}))
                        break

    def _findings(self, connection: Connection) -> None:
        """What was said of waste: of the sessions it is worked out anew."""
        if self._done.dry_run:
            return
        connection.execute(delete(session_findings))
        for row in connection.execute(select(accepted_findings)).all():
            told = {name: self._redactor.text(getattr(row, name)) for name in ("subject", "sentence")}
            which = accepted_findings.c.finding == row.finding
            connection.execute(update(accepted_findings).where(which).values(told))

    def _texts(self, connection: Connection, table: Any, name: str, keys: Sequence[int]) -> None:
        query = select(table.c.id, table.c[name]).where(table.c.id.in_(keys), table.c[name].is_not(None))
        for key, text in connection.execute(query).all():
            clean = self._redactor.text(text)
            if clean != text:
                self._done.others += 1
                if not self._done.dry_run:
                    connection.execute(update(table).where(table.c.id == key).values({name: clean}))

    def _blobs(self, row: Any) -> dict[str, Any]:
        changed: dict[str, Any] = {}
        for name in _BLOBS:
            raw = None if row[name] is None else content.unpack_blob(row[name])
            if raw is not None and (clean := self._clean(raw)) != raw:
                changed[name] = content.pack_blob(clean)
        if row["query"] and (query := self._redactor.text(row["query"])) != row["query"]:
            changed["query"] = query
        return changed


def _identify(connection: Connection, key: int, before: Any, after: Any) -> None:
    """A message is looked for by what it is now; those that were known as it still are."""
    old, new = (identity.form_digest(value) for value in (before, after))
    row = (identities.c.form == identity.key(old)) & (identities.c.content == key)
    connection.execute(delete(identities).where(row))
    connection.execute(identities.insert(), {"form": identity.key(new), "content": key})


def _digests(engine: Engine, progress: Callable[[float], None]) -> None:
    """Where they are behind, the digests of whole requests again, from those of the contents as they are."""
    with reading(engine) as connection:
        behind = connection.execute(select(meta.c.value).where(meta.c.key == SCRUBBING)).scalar()
        if behind is None:
            return
        known = {row.id: row.digest for row in connection.execute(select(contents.c.id, contents.c.digest))}
        steps = _steps(connection, known)
        query = select(payloads.c.exchange).where(payloads.c.params.is_not(None))
        keys = [key for (key,) in connection.execute(query.order_by(payloads.c.exchange))]
    names = ("exchange", "params", "shape", "digest", *chain.LISTS)

    def action(connection: Connection, part: Sequence[int]) -> None:
        for start in range(0, len(part), 900):
            query = select(*(payloads.c[name] for name in names))
            chosen = query.where(payloads.c.exchange.in_(part[start : start + 900]))
            for row in connection.execute(chosen).mappings().all():
                digest = _digest(row, known, steps)
                if digest not in (None, row["digest"]):
                    where = payloads.c.exchange == row["exchange"]
                    connection.execute(update(payloads).where(where).values(digest=digest))

    in_chunks(engine, keys, action, progress)
    with engine.begin() as connection:
        # Another scrub may have changed more meanwhile, and will do this again.
        connection.execute(delete(meta).where(meta.c.key == SCRUBBING, meta.c.value == behind))


def _steps(connection: Connection, known: Mapping[int, bytes]) -> dict[int, bytes]:
    steps: dict[int, bytes] = {ROOT_NODE: chain.ROOT}
    order = select(nodes.c.id, nodes.c.parent_id, nodes.c.content_id).where(nodes.c.id != ROOT_NODE)
    for key, parent, piece in connection.execute(order.order_by(nodes.c.id)):
        # What is damaged stays so, for verify to tell.
        if parent in steps and piece in known:
            steps[key] = content.digest(steps[parent] + known[piece])
    return steps


def _digest(row: Any, known: Mapping[int, bytes], steps: Mapping[int, bytes]) -> bytes | None:
    tips = {name: row[name] for name in chain.LISTS if row[name] is not None}
    if row["params"] not in known or any(tip not in steps for tip in tips.values()):
        return None
    marks = exact.load(content.unpack_blob(row["shape"]))[0] if row["shape"] else []
    whole = {name: steps[tip] for name, tip in tips.items()}
    return chain.request_digest(known[row["params"]], whole, marks)
