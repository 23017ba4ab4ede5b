"""Saving what can still be read of a damaged SQLite database into a new one.

Every row that the file still gives is copied, from both ends of each table towards the damage, then row by
row in between. What then refers to something that is gone is mended: a request whose body is not whole keeps
its figures and loses the body. Search, tools and totals are made anew from what is left.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from claude_lens.errors import StoreError, UserError
from claude_lens.store import content, database
from claude_lens.store.maintenance.rebuild import rebuild
from claude_lens.store.maintenance.upkeep import Progress, quiet
from claude_lens.store.schema import ROOT_NODE, SEARCH

_CHUNK: Final = 500
_PROBES: Final = 1_000_000
"""Rows that are asked for one by one between the last that was read from either end of a table."""
_PARTS: Final = ("request_raw", "params", "response_raw", "response_message")
_LISTS: Final = ("system", "tools", "messages")
Row = tuple[Any, ...]


@dataclass(slots=True)
class Salvaged:
    """What was saved. ``rows``: by table; ``unreadable``: tables with rows that could not be read.

    ``exchanges``: with all that was said; ``figures_only``: without their bodies.
    """

    file: Path
    damaged: Path
    rows: dict[str, int] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    exchanges: int = 0
    figures_only: int = 0


def salvage(url: str, progress: Progress = quiet) -> Salvaged:
    """Put a new database in the place of a damaged one, which is kept beside it as ``FILE.damaged``.

    Nobody may use it meanwhile. Raises :class:`UserError` where it is none of SQLite's, or an earlier
    damaged one lies there; :class:`StoreError` where not even the list of its tables can be read.
    """
    address = database.parse(url)
    file = database.file_of(address)
    if file is None:
        raise UserError("only an SQLite database can be salvaged here; PostgreSQL has tools of its own")
    if not file.exists():
        raise StoreError(f"{file}: there is no database yet")
    aside, part = file.with_name(f"{file.name}.damaged"), file.with_name(f"{file.name}.salvaged")
    if aside.exists():
        raise UserError(f"{aside} is there already, of an earlier salvage: move it away")
    _remove(part)
    found = Salvaged(file, aside)
    os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with database.plain_errors(address):
            _copy(file, part, found, progress)
            progress("making search and totals anew", 0.8)
            engine = database.open_writer(address.set(database=str(part)))
            try:
                with engine.begin() as connection:
                    rebuild(connection)
            finally:
                engine.dispose()
    except BaseException:
        _remove(part)
        raise
    _exchange(file, aside, part)
    return found


def _copy(file: Path, part: Path, found: Salvaged, progress: Progress) -> None:
    source = f"file:{str(file).replace('%', '%25').replace('?', '%3f').replace('#', '%23')}?mode=ro"
    with closing(sqlite3.connect(source, uri=True)) as old, closing(sqlite3.connect(part)) as new:
        new.isolation_level = None
        for pragma in ("auto_vacuum = INCREMENTAL", "journal_mode = WAL", "foreign_keys = OFF"):
            new.execute(f"PRAGMA {pragma}")
        tables, others = _schema(old, file)
        new.execute("BEGIN IMMEDIATE")
        for number, (name, statement) in enumerate(tables):
            progress(f"reading {name}", 0.7 * number / len(tables))
            new.execute(statement)
            found.rows[name] = 0
            whole = [True]
            for row in _rows(old, name, statement, whole):
                marks = ", ".join("?" * len(row))
                found.rows[name] += new.execute(
                    f"INSERT OR IGNORE INTO {name} VALUES ({marks})", row
                ).rowcount
            if not whole[0]:
                found.unreadable.append(name)
        for statement in others:
            new.execute(statement)
        progress("checking what belongs together", 0.7)
        _mend(new)
        ((found.exchanges, kept),) = new.execute(
            "SELECT (SELECT count(*) FROM payloads), (SELECT count(*) FROM exchanges)"
        )
        found.figures_only = kept - found.exchanges
        new.execute("COMMIT")


def _schema(old: sqlite3.Connection, file: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """The statements that made the tables, by name, and those of indices; without the search index."""
    try:
        made = old.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{file}: not even the list of its tables can be read ({error}); "
            "lensctl reset makes a new one, a copy of lensctl backup can take its place"
        ) from None
    tables = [(name, sql) for kind, name, sql in made if kind == "table" and not _of_search(name)]
    if not {"contents", "nodes", "sessions", "exchanges", "payloads"} <= {name for name, _ in tables}:
        raise StoreError(f"{file}: holds no records of claude-lens")
    return tables, [sql for kind, name, sql in made if kind == "index" and not _of_search(name)]


def _of_search(name: str) -> bool:
    return name == SEARCH or name.startswith((f"{SEARCH}_", "sqlite_"))


def _rows(old: sqlite3.Connection, table: str, statement: str, whole: list[bool]) -> Iterator[Row]:
    """Every row that can be read, each once; ``whole[0]`` becomes False where some could not be."""
    if "WITHOUT ROWID" in statement.upper():
        yield from _keyed_rows(old, table, whole)
        return
    last, first = 0, None
    try:
        for row in _steps(old, table, ">", "ASC", last):
            last = row[0]
            yield row[1:]
        return
    except sqlite3.DatabaseError:
        whole[0] = False
    try:
        for row in _steps(old, table, "<", "DESC", 2**62):
            if row[0] <= last:
                return
            first = row[0]
            yield row[1:]
    except sqlite3.DatabaseError:
        pass
    # A table whose end cannot be read either: as many as lie before the damage, once more.
    end = min(first or 2 * last + _CHUNK, last + _PROBES)
    for key in range(last + 1, end):
        try:
            row = old.execute(f"SELECT * FROM {table} WHERE rowid = ?", (key,)).fetchone()
        except sqlite3.DatabaseError:
            continue
        if row is not None:
            yield row


def _steps(old: sqlite3.Connection, table: str, sign: str, order: str, start: int) -> Iterator[Row]:
    """Rows after ``start`` by rowid, which is the first value; a row a statement once a chunk fails."""
    at = start
    while True:
        query = f"SELECT rowid, * FROM {table} WHERE rowid {sign} ? ORDER BY rowid {order} LIMIT ?"
        try:
            rows = old.execute(query, (at, _CHUNK)).fetchall()
        except sqlite3.DatabaseError:
            rows = old.execute(query, (at, 1)).fetchall()
        if not rows:
            return
        yield from rows
        at = rows[-1][0]


def _keyed_rows(old: sqlite3.Connection, table: str, whole: list[bool]) -> Iterator[Row]:
    """Of a table without row numbers: from both ends as far as it goes (the copy takes each once)."""
    keys = [(place, name) for _, name, *_, place in old.execute(f"PRAGMA table_info({table})") if place]
    for order in ("ASC", "DESC"):
        by = ", ".join(f'"{name}" {order}' for _, name in sorted(keys))
        try:
            yield from old.execute(f"SELECT * FROM {table} ORDER BY {by}")
            return
        except sqlite3.DatabaseError:
            whole[0] = False


def _mend(new: sqlite3.Connection) -> None:
    """Take out what is not whole; what refers to it loses it."""
    bad = [
        (key,)
        for key, digest, codec, size, data in new.execute(
            "SELECT id, digest, codec, size, data FROM contents"
        )
        if not _sound(digest, codec, size, data)
    ]
    new.executemany("DELETE FROM contents WHERE id = ?", bad)
    pieces = {key for (key,) in new.execute("SELECT id FROM contents")}
    steps, gone = {ROOT_NODE}, []
    new.execute(f"INSERT OR IGNORE INTO nodes (id, parent_id) VALUES ({ROOT_NODE}, {ROOT_NODE})")
    # A parent is always older than its children.
    for key, parent, piece in new.execute("SELECT id, parent_id, content_id FROM nodes ORDER BY id"):
        if parent in steps and (piece is None or piece in pieces):
            steps.add(key)
        else:
            gone.append((key,))
    new.executemany("DELETE FROM nodes WHERE id = ?", gone)
    new.execute(
        "INSERT OR IGNORE INTO sessions (id, session_id, title_rank, started_at, last_at) "
        "SELECT session, 'salvaged-' || session, 0, min(started_at), max(started_at) FROM exchanges "
        "WHERE session NOT IN (SELECT id FROM sessions) GROUP BY session"
    )
    lost = [f"({name} IS NOT NULL AND {name} NOT IN (SELECT id FROM contents))" for name in _PARTS]
    lost += [f"({name} IS NOT NULL AND {name} NOT IN (SELECT id FROM nodes))" for name in _LISTS]
    new.execute(f"DELETE FROM payloads WHERE {' OR '.join(lost)}")
    new.execute("DELETE FROM streams WHERE exchange NOT IN (SELECT exchange FROM payloads)")
    new.execute("UPDATE exchanges SET facts = NULL WHERE facts NOT IN (SELECT id FROM contents)")
    for table, columns in _references(new):
        for column, target, key in columns:
            new.execute(f"DELETE FROM {table} WHERE {column} NOT IN (SELECT {key} FROM {target})")


def _references(new: sqlite3.Connection) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """What each table refers to: column, table, and its column."""
    names = [
        name for (name,) in new.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    ]
    for name in names:
        rows = new.execute(f"PRAGMA foreign_key_list({name})").fetchall()
        yield name, [(row[3], row[2], row[4] or "id") for row in rows]


def _sound(digest: bytes, codec: int, size: int, data: bytes) -> bool:
    try:
        raw = content.unpack(codec, data)
    except (ValueError, TypeError):
        return False
    return len(raw) == size and content.digest(raw) == digest


def _exchange(file: Path, aside: Path, part: Path) -> None:
    """The new file takes the damaged one's place."""
    for suffix in ("-wal", "-shm", ""):
        old = file.with_name(file.name + suffix)
        if old.exists():
            old.replace(aside.with_name(aside.name + suffix))
    part.replace(file)
    _remove(part)


def _remove(part: Path) -> None:
    for suffix in ("-wal", "-shm", ""):
        part.with_name(part.name + suffix).unlink(missing_ok=True)
