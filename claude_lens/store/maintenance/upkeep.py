"""Changing a database that others use: short transactions with pauses, so that no writer waits long."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from sqlalchemy import URL, Connection, Engine, event, func, select, update

from claude_lens.store import database, server
from claude_lens.store.schema import SEARCH, contents, exchanges, meta, nodes, sessions
from claude_lens.store.upsert import insert_into

Item = TypeVar("Item")
Progress = Callable[[str, float], None]
"""What is being done, and how much of it (0 to 1)."""

SCRUBBING: Final = "scrubbing"
"""In ``meta`` from a scrub's first change of a content until the digests of whole requests agree again."""

# SQLite's waiting writers look again every 100 ms at the latest.
_PAUSE: Final = 0.12
_LONGEST: Final = 0.15
_FIRST_CHUNK: Final = 100
_GREATEST_CHUNK: Final = 5000
_MERGED_PAGES: Final = 200
_MERGES: Final = 100_000
_COUNTED: Final = (contents, nodes, sessions, exchanges)


def quiet(what: str, share: float) -> None:
    """Progress for nobody."""


@contextmanager
def opened(url: URL) -> Iterator[Engine]:
    """A writer's engine that does not check references row by row, and overwrites what it deletes.

    References have no index: checking each would read whole tables. Raises :class:`StoreError`.
    """
    engine = database.open_writer(url)
    try:
        if engine.dialect.name == "sqlite":
            engine.dispose()
            event.listen(engine, "connect", _prepare)
        with database.plain_errors(url):
            yield engine
    finally:
        engine.dispose()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for a long look, at one moment, while others write."""
    with engine.connect() as connection:
        yield server.one_moment(connection.execution_options(**{database.READS: True}))


def _prepare(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA secure_delete = ON")


def in_chunks(
    engine: Engine,
    items: Sequence[Item],
    action: Callable[[Connection, Sequence[Item]], object],
    progress: Callable[[float], None] = lambda _: None,
    *,
    first: int = _FIRST_CHUNK,
    least: int = 1,
) -> None:
    """Run ``action`` over ``items``, as many at a time as take about 150 ms, each in a transaction.

    ``first`` is how many to begin with, ``least`` how many always.
    """
    done, size = 0, first
    while done < len(items):
        start = time.perf_counter()
        with engine.begin() as connection:
            action(connection, items[done : done + size])
        took = time.perf_counter() - start
        done += size
        size = max(least, min(_GREATEST_CHUNK, int(size * min(2.0, _LONGEST / max(took, 0.001)))))
        progress(min(1.0, done / len(items)))
        if done < len(items):
            time.sleep(_PAUSE)


def note_deletion(connection: Connection) -> None:
    """Before rows are deleted: remember the greatest ids, and make writers forget what they know."""
    for table in _COUNTED:
        top = connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
        name = f"top_{table.name}"
        known = connection.execute(select(meta.c.value).where(meta.c.key == name)).scalar()
        if top > int(known or 0):
            remember(connection, name, str(top))
    connection.execute(update(meta).where(meta.c.key == "generation").values(value=secrets.token_hex(8)))


def remember(connection: Connection, key: str, value: str) -> None:
    """Set a value of ``meta``."""
    insert = insert_into(connection, meta)
    connection.execute(
        insert.on_conflict_do_update(index_elements=["key"], set_={"value": insert.excluded.value}),
        {"key": key, "value": value},
    )


def compact_search(engine: Engine, progress: Callable[[float], None] = lambda _: None) -> None:
    """Merge the search index, which only then forgets what was taken out of it; a little at a time."""
    if engine.dialect.name != "sqlite":
        return
    command = f"INSERT INTO {SEARCH}({SEARCH}, rank) VALUES ('merge', ?)"
    pages = -_MERGED_PAGES
    for step in range(1, _MERGES):
        with engine.begin() as connection:
            changes = _raw(connection).total_changes
            connection.exec_driver_sql(command, (pages,))
            # FTS5's own sign that there was nothing left to merge.
            if _raw(connection).total_changes - changes < 2 and pages > 0:
                return
        pages = _MERGED_PAGES
        progress(1 - 1 / step)
        time.sleep(_PAUSE)


def shrink(engine: Engine, progress: Callable[[float], None] = lambda _: None) -> None:
    """Give free pages back to the file system, some at a time; to PostgreSQL's tables, for rows to come."""
    if engine.dialect.name != "sqlite":
        server.vacuum(engine)
        return
    with engine.connect() as connection:
        raw = _raw(connection)
        raw.rollback()
        left = whole = raw.execute("PRAGMA freelist_count").fetchone()[0]
        size = _FIRST_CHUNK
        while left > 0:
            start = time.perf_counter()
            # A page goes with every step of the statement; execute() takes only the first.
            raw.executescript(f"PRAGMA incremental_vacuum({size})")
            took = time.perf_counter() - start
            size = max(10, min(_GREATEST_CHUNK, int(size * min(2.0, _LONGEST / max(took, 0.001)))))
            before, left = left, raw.execute("PRAGMA freelist_count").fetchone()[0]
            progress(1 - left / whole)
            if left >= before:
                break
            time.sleep(_PAUSE if left else 0)
        _checkpoint(raw)


def _checkpoint(raw: Any) -> None:
    # The log is emptied if nobody reads just now; waiting for readers would hold up writers meanwhile.
    raw.execute("PRAGMA busy_timeout = 50")
    try:
        raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        raw.execute(f"PRAGMA busy_timeout = {int(database.BUSY_SECONDS * 1000)}")


def _raw(connection: Connection) -> Any:
    return connection.connection.driver_connection


def used_bytes(connection: Connection) -> int | None:
    """Bytes of the database without its free pages; of PostgreSQL's, of what is kept in them."""
    if connection.dialect.name != "sqlite":
        return server.used_bytes(connection)
    pages, free, size = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0)
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size
