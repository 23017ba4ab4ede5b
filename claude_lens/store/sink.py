"""The sink of the recorder that keeps every exchange in the store."""

from __future__ import annotations

import logging
import time
from typing import Final

from claude_lens.errors import StoreError
from claude_lens.exchange import Exchange
from claude_lens.settings import Settings
from claude_lens.store.maintenance.daily import Daily
from claude_lens.store.rows import Item
from claude_lens.store.writing.writer import Writer

WAITING_BYTES: Final = 64 * 1024 * 1024
"""Most bytes of bodies that wait for a database that cannot be written."""

RETRY_SECONDS = 5.0

log = logging.getLogger(__name__)


def open_sink(settings: Settings) -> StoreSink:
    """The store at ``settings.database_url``. One that cannot be opened now is tried again at each flush."""
    sink = StoreSink(settings.database_url, bodies=settings.bodies == "on", streams=settings.streams == "on")
    sink.daily = Daily(settings, sink.writer.is_older)
    try:
        sink.writer.open()
    except StoreError as error:
        log.warning("%s", error)
    return sink


class StoreSink:
    """Collects exchanges and writes them in batches; what cannot be written waits, within ``limit`` bytes."""

    name = "store"

    def __init__(
        self, url: str, *, bodies: bool = True, streams: bool = True, limit: int = WAITING_BYTES
    ) -> None:
        self.writer = Writer(url, bodies=bodies, streams=streams)
        self._limit = limit
        self._items: dict[str, Item] = {}
        self._bytes = 0
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
        """Take a request. Raises :class:`StoreError` where too much waits already; its end is taken whole."""
        self._workers.add(exchange.worker)
        self._take(exchange)

    def ended(self, exchange: Exchange) -> None:
        """Take a complete exchange. Raises :class:`StoreError` where too much waits already: it is lost."""
        self._take(exchange)

    def _take(self, exchange: Exchange) -> None:
        item = Item(exchange)
        earlier = self._items.pop(exchange.id, None)
        if earlier is not None:
            self._bytes -= earlier.size
            item.take_request(earlier)
        told = self._make_room(item.size)
        if self._items and self._bytes + item.size > self._limit:
            self.lost += exchange.status != "running"
            raise StoreError(
                f"{len(self._items)} exchanges wait for the database, more would take too much memory; "
                f"{self.lost} lost so far"
            )
        self._items[exchange.id] = item
        self._bytes += item.size
        if told is not None:
            raise told

    def _make_room(self, size: int) -> StoreError | None:
        """Write what waits where nothing is wrong but that much came at once; what went wrong then."""
        if self._items and self._bytes + size > self._limit and not self._failed:
            try:
                self.flush()
            except StoreError as error:
                return error
        return None

    def flush(self) -> None:
        """Write what waits, in one transaction. Raises :class:`StoreError`; it then waits for the next flush.

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

    def idle(self) -> None:
        """Start what is due once a day."""
        if self.daily is not None:
            self.daily.tick()

    def _written(self) -> None:
        self._items.clear()
        self._bytes = 0
        self._failed = None

    def _fail(self, error: StoreError) -> None:
        self._failed, self._failed_at = str(error), time.monotonic()

    def _one_by_one(self, items: list[Item], error: Exception) -> None:
        """Write all but the exchanges that cannot be written, whatever the database's state.

        One that cannot be taken apart is kept as its bytes, and told all the same.
        """
        told: list[str] = []
        for item in items:
            reason = self._refusal(item)
            if reason is None:
                continue
            error, bare = reason, self._refusal(item.bare()) is None
            self.lost += not bare
            told.append(f"{item.exchange.id} {'is kept as bytes only' if bare else 'cannot be stored'}")
        self._written()
        if told:
            said = f"{type(error).__name__}: {error}".splitlines()[0]
            raise StoreError(f"exchange {told[-1]} ({said})") from error

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
