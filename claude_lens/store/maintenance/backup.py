"""Copying a database that is in use, and deleting one."""

from __future__ import annotations

import os
import threading
from glob import escape
from pathlib import Path
from typing import Final

import psutil
from sqlalchemy import URL

from claude_lens.errors import StoreError, UserError
from claude_lens.store import database
from claude_lens.store.maintenance.upkeep import Progress, quiet

NOT_DELETED: Final = (
    "only an SQLite database can be deleted here; stop the proxies, then drop this one with dropdb "
    "and make a new one with createdb"
)


def backup(url: str, target: Path, *, force: bool = False, progress: Progress = quiet) -> int:
    """Write a compact copy of the database at ``url`` to ``target`` (mode 0600); its size in bytes.

    A reader's snapshot: writers go on. Raises :class:`UserError` where ``target`` is there already, or the
    database itself, :class:`StoreError` where there is no database, or no room.
    """
    address = database.parse(url)
    source = database.file_of(address)
    if source is None:
        raise UserError("only an SQLite database can be copied here; copy this one with pg_dump")
    target = target.expanduser().absolute()
    if target.exists() and not force:
        raise UserError(f"{target} is there already; --force overwrites it")
    if target.exists() and source.exists() and target.samefile(source):
        raise UserError(f"{target} is the database itself; name another file for its copy")
    engine = database.open_reader(address)
    if engine is None:
        raise StoreError(f"{source}: there is no database yet")
    _clear(target)
    part = target.with_name(f"{target.name}.part-{os.getpid()}")
    whole = database.sizes(address) or 1
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(part, whole, done, progress), daemon=True)
    watch.start()
    try:
        with database.plain_errors(address), engine.connect() as connection:
            os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            raw = connection.connection.driver_connection
            if raw is not None:
                raw.rollback()
                # A snapshot may be written by a connection that may not change the database itself.
                raw.execute("PRAGMA query_only = OFF")
                raw.execute("VACUUM INTO ?", (str(part),))
                raw.execute("PRAGMA query_only = ON")
        # A log beside the file that was there would be replayed into the new one.
        for suffix in ("-shm", "-wal"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        part.replace(target)
    finally:
        done.set()
        watch.join()
        engine.dispose()
        part.unlink(missing_ok=True)
    return target.stat().st_size


def _clear(target: Path) -> None:
    """Delete what copies to ``target`` left behind that were killed."""
    for part in target.parent.glob(f"{escape(target.name)}.part-*"):
        process = part.name.removesuffix("-journal").rpartition("-")[2]
        if process.isdigit() and (int(process) == os.getpid() or not psutil.pid_exists(int(process))):
            part.unlink(missing_ok=True)


def _watch(part: Path, whole: int, done: threading.Event, progress: Progress) -> None:
    while not done.wait(0.2):
        size = part.stat().st_size if part.exists() else 0
        progress("copying", min(1.0, size / whole))


def delete(url: URL) -> bool:
    """Delete the database's files; whether there were any. A writer makes a new one at its next batch.

    Raises :class:`StoreError`.
    """
    file = database.file_of(url)
    if file is None:
        raise UserError(NOT_DELETED)
    gone = False
    with database.plain_errors(url):
        # The log first: without its database it is nothing, the other way round it would be replayed.
        for suffix in ("-shm", "-wal", ""):
            part = file.with_name(file.name + suffix)
            if part.exists():
                part.unlink()
                gone = True
    return gone
