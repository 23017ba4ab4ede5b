"""Opening databases: engines for a writer and for readers, the schema's version, errors in plain words."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, select, table
from sqlalchemy import column as sql_column
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.pool import QueuePool, StaticPool

from claude_lens.errors import StoreError
from claude_lens.store import server
from claude_lens.store.happened_tables import whole
from claude_lens.store.schema import HEAD, VERSION_TABLE

BUSY_SECONDS = 5.0
"""How long a writer waits for another to finish; SQLite lets waiters in no fair order."""
_RETRY_SECONDS: Final = 0.01
READS: Final = "claude_lens_reads"
"""Execution option of a writer's connection whose next transaction only reads, and locks out nobody."""

# The first migrations after which databases have what follows from the records.
_SEARCHABLE: Final = {"sqlite": "0002", "postgresql": "0004"}
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_version = table(VERSION_TABLE, sql_column("version_num"))

# What SQLite says, and what a user can make of it.
_PLAIN: Final = (
    ("disk is full", "the disk is full"),
    ("disk I/O error", "the disk does not take it (full, or over a size limit?)"),
    ("locked", "another program holds it locked"),
    ("readonly", "it is read-only"),
    ("unable to open", "it cannot be opened; check the folder and its permissions"),
    ("not a database", "it is no database; move it away, and a new one is made"),
    ("malformed", "it is damaged; lensctl salvage saves what can be read"),
    ("lock timeout", "another program holds it locked"),
    ("read-only transaction", "it is read-only"),
)


class HasDatabase(Protocol):
    """What of the settings the store needs to find its database."""

    @property
    def database_url(self) -> str:
        """Where it is, as SQLAlchemy writes addresses."""


def parse(url: str) -> URL:
    """The address taken apart. Raises :class:`StoreError` where it is none."""
    try:
        return server.with_driver(make_url(url))
    except ArgumentError as error:
        raise StoreError(
            "the database's address cannot be read: expected sqlite:///FILE or postgresql://USER@HOST/NAME"
        ) from error


def file_of(url: URL) -> Path | None:
    """The SQLite file behind ``url``; None for other databases and for ones in memory."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database)).expanduser().absolute()


@contextmanager
def plain_errors(url: URL) -> Iterator[None]:
    """Turn what database and file system raise into one-line :class:`StoreError`; our own mistakes stay."""
    try:
        yield
    except (IntegrityError, DataError, ProgrammingError):
        raise
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        if server.is_our_mistake(error):
            raise
        raise StoreError(f"{shown(url)}: {_reason(error)}") from error
    except ImportError as error:
        needed = (
            server.DRIVER_MISSING
            if server.is_one(url)
            else f"this kind of database needs the package {error.name}"
        )
        raise StoreError(f"{shown(url)}: {needed}") from error


def shown(url: URL) -> str:
    """The database's name for people: its file, or its address without the password."""
    name = file_of(url)
    return str(name) if name else server.without_driver(url).render_as_string(hide_password=True)


def _reason(error: Exception) -> str:
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip() or type(error).__name__
    return next((plain for phrase, plain in _PLAIN if phrase in said), server.in_a_line(said))


def identity(url: URL) -> tuple[int, int] | None:
    """Device and inode of the database's file; None where there is none. A replaced file has another one."""
    path = file_of(url)
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found else None


def make_private(path: Path) -> None:
    """Create the file for our eyes only, and its folder where that is missing. Raises ``OSError``."""
    if not path.parent.is_dir():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    elif path.stat().st_mode & 0o077:
        # A database of someone else's, lent to us, is theirs to close.
        with suppress(PermissionError):
            path.chmod(0o600)


def open_writer(url: URL) -> Engine:
    """An engine whose transactions take the write lock at once; schema made or migrated.

    Raises :class:`StoreError`: cannot be opened, no database, locked, or written by a newer claude-lens.
    """
    with plain_errors(url):
        path = file_of(url)
        if path is None:
            engine = server.engine(url)
            event.listen(engine, "begin", _lock_out_other_writers)
        else:
            make_private(path)
            engine = _sqlite(lambda: _connect(str(path), uri=False), pool_size=1)
            event.listen(engine, "connect", _prepare_writer)
            event.listen(engine, "begin", _begin_immediate)
        try:
            migrate(engine)
        except BaseException:
            engine.dispose()
            raise
    return engine


def _sqlite(creator: Callable[[], sqlite3.Connection], pool_size: int) -> Engine:
    return create_engine(
        "sqlite://", creator=creator, poolclass=QueuePool, pool_size=pool_size, max_overflow=-1
    )


def _connect(
    target: str, *, uri: bool, kind: type[sqlite3.Connection] = sqlite3.Connection
) -> sqlite3.Connection:
    return sqlite3.connect(
        target, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=uri, factory=kind
    )


def _prepare_writer(connection: Any, _record: Any) -> None:
    # Incremental vacuum has to be chosen before the first table, or the file can never shrink in place.
    for pragma in (
        "auto_vacuum = INCREMENTAL",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        "cache_size = -16384",
        "journal_size_limit = 67108864",
    ):
        _in_time(connection, f"PRAGMA {pragma}")


def _in_time(connection: sqlite3.Connection, statement: str) -> None:
    # SQLite's own wait does not cover a change of the journal's mode: with two at it, one is refused at once.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(_RETRY_SECONDS)


def _begin_immediate(connection: Connection) -> None:
    reads = connection.get_execution_options().get(READS)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _lock_out_other_writers(connection: Connection) -> None:
    # Row ids are given out by the writer; BEGIN IMMEDIATE does the same for SQLite.
    reads = connection.get_execution_options().get(READS)
    if connection.dialect.name == "postgresql" and not reads:
        server.lock_out_others(connection, BUSY_SECONDS)


def version(connection: Connection) -> str | None:
    """The schema's version in this database; None for an empty one."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(select(_version.c.version_num)).scalar()
    return found


def refuse_newer(found: str | None) -> None:
    """Raise :class:`StoreError` where a newer claude-lens made this schema. Versions are numbers, growing."""
    if found is not None and found > HEAD:
        raise StoreError(
            f"the database has schema {found}, made by a newer claude-lens; this one knows {HEAD}: "
            "upgrade claude-lens, or name another database in CLAUDE_LENS_DATABASE_URL"
        )


def migrate(engine: Engine) -> None:
    """Bring the schema up to :data:`HEAD` in one transaction. Raises :class:`StoreError` where it cannot."""
    with engine.connect() as connection:
        found = version(connection.execution_options(**{READS: True}))
    refuse_newer(found)
    if found == HEAD:
        return
    # Imported here: readers and up-to-date writers, so nearly everyone, start without it.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    try:
        with engine.begin() as connection:
            # Another may have done it while we waited for the lock.
            found = version(connection)
            refuse_newer(found)
            if found == HEAD:
                return
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if found is not None and found < _SEARCHABLE[engine.dialect.name]:
                from claude_lens.store.maintenance.rebuild import rebuild

                rebuild(connection)
        # After an upgrade: what it left to do, if that takes a moment; else it is done beside the recorder.
        from claude_lens.store.maintenance import upgrading

        upgrading.bring_few_over(engine)
    except CommandError as error:
        raise StoreError(f"there is no way from schema {found} to {HEAD}: {error}") from error


def open_reader(url: URL) -> Engine | None:
    """An engine that can only read; None while there is no database yet.

    Raises :class:`StoreError`: cannot be read, or written by a newer claude-lens.
    """
    path = file_of(url)
    with plain_errors(url):
        if path is None:
            engine = server.engine(url, reads=True)
        elif not path.exists():
            return None
        else:
            engine = _sqlite(_read_only(path), pool_size=4)
            event.listen(engine, "connect", _prepare_reader)
            event.listen(engine, "checkin", _look_again)
            event.listen(engine, "begin", _begin)
        try:
            with engine.connect() as connection:
                found = version(connection)
            refuse_newer(found)
        except BaseException:
            engine.dispose()
            raise
        if found == HEAD:
            return engine
        engine.dispose()
        if found is None:
            return None
        open_writer(url).dispose()
        return open_reader(url)


def found_version(url: URL) -> str | None:
    """The schema's version of the database behind ``url``, left as it is; None where there is none.

    Raises :class:`StoreError`.
    """
    path = file_of(url)
    if path is not None and not path.exists():
        return None
    with plain_errors(url):
        engine = server.engine(url, reads=True) if path is None else _sqlite(_read_only(path), pool_size=1)
        try:
            with engine.connect() as connection:
                return version(connection)
        finally:
            engine.dispose()


def _prepare_reader(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA query_only = ON")


class _Still(sqlite3.Connection):
    """Reads a file as one that nobody writes, and would not notice who does."""


def _look_again(connection: Any, record: Any) -> None:
    if isinstance(connection, _Still):
        record.invalidate(soft=True)


def _may_be_read_still(path: Path, error: sqlite3.OperationalError) -> bool:
    """Whether it is only the log that we cannot open or make, and there is nothing in it."""
    code = error.sqlite_errorcode & 0xFF
    log = path.with_name(path.name + "-wal")
    unused = code == sqlite3.SQLITE_READONLY and not (log.exists() and log.stat().st_size)
    return unused or code == sqlite3.SQLITE_CANTOPEN


def _read_only(path: Path) -> Callable[[], sqlite3.Connection]:
    name = quote(str(path))
    # In this order: a reader may not be able to set up what WAL needs, and then either writes that little,
    # or reads a file that nobody can be writing.
    modes = {"mode=ro": sqlite3.Connection, "mode=rw": sqlite3.Connection, "immutable=1": _Still}

    def connect() -> sqlite3.Connection:
        for mode, kind in modes.items():
            connection = _connect(f"file:{name}?{mode}", uri=True, kind=kind)
            try:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
                return connection
            except sqlite3.OperationalError as error:
                connection.close()
                if kind is _Still or not _may_be_read_still(path, error):
                    raise
        raise AssertionError("unreachable")

    return connect


def empty() -> Engine:
    """A database in memory with nothing in it, for a reader to ask before there is one on disk."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    whole.create_all(engine)
    return engine


def sizes(url: URL) -> int | None:
    """Bytes on disk with the write-ahead log; None for a database that is no file."""
    path = file_of(url)
    if path is None:
        return None
    parts = (path, path.with_name(path.name + "-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())
