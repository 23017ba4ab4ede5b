"""The sink of the recorder that keeps every exchange in the store."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from claude_lens.errors import Refused, StoreError
from claude_lens.exchange import Exchange
from claude_lens.settings import Settings
from claude_lens.store.maintenance.daily import Daily
from claude_lens.store.rows import Item
from claude_lens.store.writing.writer import Writer

RETRY_SECONDS = 2.0

log = logging.getLogger(__name__)


def open_sink(settings: Settings) -> StoreSink:
    """The store at ``settings.database_url``. One that cannot be opened now is tried again at each flush."""
    sink = StoreSink(settings.database_url, bodies=settings.bodies == "on", streams=settings.streams == "on")
    sink.daily = Daily(settings, sink.writer.is_older, sink.writer.is_behind)
    try:
        sink.writer.open()
    except StoreError as error:
        log.warning("%s", error)
    return sink


class StoreSink:
    """Collects exchanges and writes them in batches; what cannot be written waits for the next flush.

    Whoever hands over bounds what waits: the recorder hands over nothing while a flush fails.
    """

    name = "store"

    def __init__(self, url: str, *, bodies: bool = True, streams: bool = True) -> None:
        self.writer = Writer(url, bodies=bodies, streams=streams)
        self._items: dict[str, Item] = {}
        self._workers: set[str] = set()
        self._failed: str | None = None
        self._failed_at = 0.0
        self.lost = 0
        self.daily: Daily | None = None

    @property
    def waiting(self) -> int:
        """How many exchanges are not on disk yet."""
        return len(self._items)

    def arrived(self, exchange: Exchange) -> None:
        """Take a request."""
        self._workers.add(exchange.worker)
        self._take(exchange)

    def ended(self, exchange: Exchange) -> None:
        """Take a complete exchange."""
        self._take(exchange)

    def _take(self, exchange: Exchange) -> None:
        item = Item(exchange)
        earlier = self._items.pop(exchange.id, None)
        if earlier is not None:
            item.take_request(earlier)
        self._items[exchange.id] = item

    def flush(self) -> None:
        """Write what waits, in one transaction. Raises :class:`StoreError`; it then waits for the next flush.

        Raises :class:`Refused` where some exchanges had to be kept as bytes, or cannot be kept; the rest is
        written.

        After a failure the database is left alone for a moment, so that a locked one holds up nobody.
        """
        self.idle()
        if not self._items:
            return
        if self._failed and time.monotonic() - self._failed_at < RETRY_SECONDS:
            # Said again, not passed over: whoever calls has to know that there is still something to do.
            raise StoreError(self._failed)
        items = list(self._items.values())
        try:
            self.writer.write(items)
        except StoreError as error:
            self._fail(error)
            raise
        except Exception as error:
            self._one_by_one(items, error)
        self._written()

    def follow(self, beats: Mapping[str, Sequence[Any]]) -> None:
        """Keep how far answers have come, once those are written that wait. Raises :class:`StoreError`."""
        if not self._items and not self._failed:
            self.writer.follow(beats)

    def idle(self) -> None:
        """Start what is due once a day."""
        if self.daily is not None:
            self.daily.tick()

    def _written(self) -> None:
        self._items.clear()
        self._failed = None

    def _fail(self, error: StoreError) -> None:
        self._failed, self._failed_at = str(error), time.monotonic()

    def _one_by_one(self, items: list[Item], error: Exception) -> None:
        """Write all but the exchanges that cannot be written, whatever the database's state.

        One that cannot be taken apart is kept as its bytes, and told all the same.
        """
        told: list[str] = []
        lost: set[str] = set()
        for item in items:
            reason = self._refusal(item)
            if reason is None:
                continue
            error, bare = reason, self._refusal(item.bare()) is None
            if not bare:
                lost.add(item.exchange.id)
            told.append(f"{item.exchange.id} {'is kept as bytes only' if bare else 'cannot be stored'}")
        self.lost += len(lost)
        self._written()
        if told:
            said = f"{type(error).__name__}: {error}".splitlines()[0]
            raise Refused(f"exchange {told[-1]} ({said})", frozenset(lost)) from error

    def _refusal(self, item: Item) -> Exception | None:
        """What keeps one exchange from being written; None where it is."""
        try:
            self.writer.write([item])
        except StoreError as refusal:
            self._fail(refusal)
            raise
        except Exception as reason:
            return reason
        return None

    def close(self) -> None:
        """Write what waits, mark what still runs as interrupted, let go. Raises :class:`StoreError`."""
        self._failed = None
        daily, self.daily = self.daily, None
        if daily is not None:
            daily.close()
        try:
            self.flush()
        finally:
            try:
                if self._failed is None:
                    self.writer.interrupt(sorted(self._workers))
            finally:
                self.writer.close()
