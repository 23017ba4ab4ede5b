"""Spans that an earlier process could not send, built anew from the store. Their ids are the same."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from claude_lens.errors import LensError
from claude_lens.settings import Settings
from claude_lens.store.reading.queries import Reader, open_reader
from claude_lens.store.schema import exchanges, sessions
from claude_lens.tracing.backfill import recorded, spans_of
from claude_lens.tracing.queue import QUEUE_BYTES, SpanQueue
from claude_lens.tracing.spans import Span
from claude_lens.tracing.tree import Tree

EARLIER: Final = 1.0
"""Seconds before the noted time that are sent too, as clocks of requests and notes are not one."""
RETRY_SECONDS: Final = 5.0

log = logging.getLogger(__name__)


def sessions_since(reader: Reader, since: float, until: float) -> list[str]:
    """Ids of sessions with an exchange that began between the two times (s), the earliest first."""
    query = (
        select(sessions.c.session_id)
        .join(exchanges, exchanges.c.session == sessions.c.id)
        .where(exchanges.c.started_at >= since, exchanges.c.started_at < until)
        .group_by(sessions.c.session_id)
        .order_by(func.min(exchanges.c.started_at))
    )
    with reader.connect() as connection:
        return [name for (name,) in connection.execute(query) if name is not None]


def spans_since(reader: Reader, make: Callable[[], Tree], since: float, until: float) -> Iterator[Span]:
    """The spans that ended after ``since``, of exchanges that began before ``until``."""
    for session in sessions_since(reader, since - EARLIER, until):
        earlier = (one for one in recorded(reader, session) if one.started_at < until)
        for span in spans_of(make(), earlier):
            if span.end_ns >= (since - EARLIER) * 1e9:
                yield span


class CatchingUp:
    """Sends what is missing in a thread beside, as fast as the queues take it; then the notes are gone."""

    def __init__(
        self,
        settings: Settings,
        notes: Sequence[tuple[Path, float]],
        make: Callable[[], Tree],
        queues: Sequence[SpanQueue],
        until: float,
    ) -> None:
        """``notes``: files of ended processes and since when each may lack spans."""
        self._settings, self._notes, self._make, self._queues = settings, notes, make, queues
        self._until = until
        self._stopped = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="claude-lens-catch-up", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether everything was handed to the queues."""
        return self._done.is_set()

    def close(self) -> None:
        """Stop; what was not sent stays noted."""
        self._stopped.set()
        self._thread.join(RETRY_SECONDS)

    def _run(self) -> None:
        since = min(at for _, at in self._notes)
        while not self._stopped.is_set():
            try:
                with open_reader(self._settings) as reader:
                    for span in spans_since(reader, self._make, since, self._until):
                        if not self._hand_over(span):
                            return
                break
            except LensError as error:
                log.warning("traces of earlier sessions wait for the database: %s", error)
                self._stopped.wait(RETRY_SECONDS)
            except Exception:
                log.exception("traces of earlier sessions could not be built")
                return
        if not self._stopped.is_set() and all(self._arrived(queue) for queue in self._queues):
            for path, _ in self._notes:
                path.unlink(missing_ok=True)
            self._done.set()

    def _hand_over(self, span: Span) -> bool:
        """Give the span to every queue that has room; False where we are to stop."""
        for queue in self._queues:
            while queue.queued_bytes > QUEUE_BYTES / 2:
                if self._stopped.wait(0.2):
                    return False
            queue.put([span])
        return not self._stopped.is_set()

    def _arrived(self, queue: SpanQueue) -> bool:
        while not queue.drained(0.5):
            if self._stopped.is_set():
                return False
        return True
