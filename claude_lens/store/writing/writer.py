"""The one writer of a process: batches into transactions, and a connection that heals itself."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import URL, Engine, bindparam, func, select

from claude_lens.errors import StoreError
from claude_lens.store import database, workers
from claude_lens.store.numbers import growth
from claude_lens.store.rows import Item
from claude_lens.store.schema import exchanges
from claude_lens.store.writing.batch import Batch
from claude_lens.store.writing.derived import count_interrupted
from claude_lens.store.writing.following import follow
from claude_lens.store.writing.known import Known

_LEFT = select(exchanges).where(exchanges.c.status == "running", exchanges.c.worker == bindparam("name"))
_INTERRUPT = (
    exchanges.update()
    .where(exchanges.c.status == "running", exchanges.c.worker == bindparam("name"))
    .values(status="interrupted")
)


class Writer:
    """Writes to the database behind ``url``, opened when first needed and again after any failure.

    ``bodies`` False keeps no request or answer, only what is known about them; ``streams`` False keeps the
    message that an event stream stands for, and not the stream.
    """

    def __init__(self, url: str, *, bodies: bool = True, streams: bool = True) -> None:
        self._url = database.parse(url)
        self._bodies, self._streams = bodies, streams
        self._engine: Engine | None = None
        self._opened: tuple[int, int] | None = None
        self._known = Known()
        self._look_at_size = 0.0

    @property
    def url(self) -> URL:
        """Where the database is."""
        return self._url

    def open(self) -> Engine:
        """The engine; a database that was deleted or replaced meanwhile is opened anew.

        On opening, what a dead worker left running becomes ``interrupted``. Raises :class:`StoreError`.
        """
        if self._engine is not None and database.identity(self._url) == self._opened:
            return self._engine
        self.close()
        engine = database.open_writer(self._url)
        self._engine, self._opened = engine, database.identity(self._url)
        try:
            self.sweep()
        except StoreError:
            self.close()
            raise
        return engine

    def write(self, items: Sequence[Item]) -> None:
        """Store all of ``items`` in one transaction, or none. Raises :class:`StoreError`; others are bugs."""
        try:
            with database.plain_errors(self._url), self.open().begin() as connection:
                batch = Batch(connection, self._known, self._bodies, self._streams)
                batch.prefetch(items)
                for item in items:
                    batch.add(item)
                batch.write()
                if time.monotonic() >= self._look_at_size:
                    growth.record(connection)
        except StoreError:
            self.close()
            raise
        except Exception:
            # Should what we remember be the mistake, the next try must not repeat it.
            self._known = Known()
            raise
        self._known = batch.learned()
        if time.monotonic() >= self._look_at_size:
            self._look_at_size = time.monotonic() + growth.EVERY

    def follow(self, beats: Mapping[str, Sequence[Any]]) -> None:
        """Keep how far answers have come (``following.follow``). Raises :class:`StoreError`."""
        try:
            with database.plain_errors(self._url), self.open().begin() as connection:
                follow(connection, beats)
        except StoreError:
            self.close()
            raise

    def is_older(self) -> bool:
        """Whether an earlier version's database has still to be brought over; not one that cannot open."""
        from claude_lens.store.maintenance import upgrading

        try:
            with database.plain_errors(self._url), self.open().connect() as connection:
                return upgrading.is_left(connection.execution_options(**{database.READS: True}))
        except StoreError:
            return False

    def is_behind(self) -> bool:
        """Whether quiet sessions wait for somebody to work out what happened and was wasted in them."""
        from claude_lens.store.maintenance import digest

        try:
            with database.plain_errors(self._url), self.open().connect() as connection:
                reads = connection.execution_options(**{database.READS: True})
                return digest.is_left(reads, time.time())
        except StoreError:
            return False

    def sweep(self) -> int:
        """Mark what dead workers left running as ``interrupted``; how many. Raises :class:`StoreError`."""
        query = (
            select(exchanges.c.worker, func.max(exchanges.c.started_at))
            .where(exchanges.c.status == "running")
            .group_by(exchanges.c.worker)
        )
        with database.plain_errors(self._url), self.open().begin() as connection:
            dead = [name for name, newest in connection.execute(query) if workers.is_dead(name, newest)]
        return self.interrupt(dead)

    def interrupt(self, names: Sequence[str]) -> int:
        """Mark what these workers left running as ``interrupted``; how many. Raises :class:`StoreError`."""
        count = 0
        for name in names:
            with database.plain_errors(self._url), self.open().begin() as connection:
                left = connection.execute(_LEFT, {"name": name}).mappings().all()
                count_interrupted(connection, left, self._known)
                count += connection.execute(_INTERRUPT, {"name": name}).rowcount
        return count

    def close(self) -> None:
        """Let go of the connection. What was written is safe; the writer can be used again."""
        if self._engine is not None:
            self._engine.dispose()
        self._engine, self._opened = None, None
        self._known = Known()
