"""Frames to redacted, named exchanges, once for all sinks, whatever a body holds."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from claude_lens.agents.namer import Namer
from claude_lens.errors import LensError
from claude_lens.exchange import Exchange
from claude_lens.recorder.build import complete, plain, running, unreadable
from claude_lens.recorder.frames import Arrival, Ending
from claude_lens.recorder.remembered import Remembered
from claude_lens.redact import Redactor, redactor
from claude_lens.settings import Settings
from claude_lens.spool.records import digest
from claude_lens.wire import headers

KEPT_BYTES: Final = 64 << 20
"""Bodies of exchanges under way that are kept built, and of those that ended; others are built again."""
SHARED: Final = 128
"""Exchanges that ended last, kept for a sink that comes a little later, if their bodies are not too large."""

Fault = Callable[[str, Exception], None]


class Builder:
    """Builds exchanges; may be called from the threads of several sinks. ``fault`` hears what went wrong."""

    def __init__(
        self, settings: Settings, fault: Fault, *, shared: bool = False, limit: int = KEPT_BYTES
    ) -> None:
        self._fault = fault
        self._limit = limit
        self._lock = threading.RLock()
        self._namer = Namer()
        self._running: OrderedDict[bytes, Exchange] = OrderedDict()
        self._bytes = 0
        self._ended: OrderedDict[bytes, tuple[Exchange, Exchange]] = OrderedDict()
        self._ended_bytes = 0
        try:
            self._redactor = redactor(settings)
        except LensError as error:
            # Rather too much taken out than too little: the well-known forms do not depend on the file.
            self._redactor = Redactor()
            fault("redaction", error)
        self._remembered = Remembered(self._redactor.json if self._redactor else _as_it_is)

    def arrived(self, frame: Arrival) -> Exchange:
        """The exchange as its request arrived; a body that cannot be taken apart stays bytes."""
        with self._lock:
            name = digest(frame.id)
            known = self.arrived_already(name)
            if known is None:
                known = self._arrival(frame)
                self._running[name] = known
                self._bytes += len(known.request.body)
                while self._bytes > self._limit and len(self._running) > 1:
                    self._bytes -= len(self._running.popitem(last=False)[1].request.body)
            return known

    def arrived_already(self, name: bytes) -> Exchange | None:
        """The exchange as it arrived, by the digest of its id, where it is still at hand."""
        with self._lock:
            ended = self._ended.get(name)
            return ended[0] if ended else self._running.get(name)

    def ended_already(self, name: bytes) -> Exchange | None:
        """The exchange as it ended, by the digest of its id, where it is still at hand."""
        with self._lock:
            ended = self._ended.get(name)
            return ended and ended[1]

    def _arrival(self, frame: Arrival) -> Exchange:
        try:
            encoded = headers.get(frame.headers, "content-encoding")
            read = None if encoded else self._remembered.read(frame.headers, frame.body)
            exchange = running(frame, read)
            if self._redactor:
                exchange = self._redactor.arrived(exchange, clean=read is not None)
            return self._namer.arrived(exchange)
        except Exception as error:
            self._fault("recorder", error)
        try:
            exchange = plain(frame)
            return self._redactor.arrived(exchange) if self._redactor else exchange
        except Exception as error:
            # What cannot be searched for secrets is not kept.
            self._fault("recorder", error)
            return plain(replace(frame, body=b"", query=""))

    def ended(self, frame: Ending, arrival: Callable[[], Arrival]) -> Exchange:
        """The exchange as it ended. ``arrival`` reads its request again where it is not at hand any more."""
        with self._lock:
            name = digest(frame.id)
            known = self.ended_already(name)
            if known is not None:
                return known
            before = self._running.get(name) or self.arrived(arrival())
            exchange = self._ending(before, frame)
            self._forget(name)
            self._ended[name] = before, exchange
            self._ended_bytes += len(exchange.request.body)
            while len(self._ended) > SHARED or (self._ended_bytes > self._limit and len(self._ended) > 1):
                self._ended_bytes -= len(self._ended.popitem(last=False)[1][1].request.body)
            return exchange

    def _ending(self, before: Exchange, frame: Ending) -> Exchange:
        try:
            exchange = complete(before, frame)
            return self._namer.ended(self._redactor.ended(exchange) if self._redactor else exchange)
        except Exception as error:
            self._fault("recorder", error)
        try:
            exchange = unreadable(before, frame)
            return self._redactor.ended(exchange) if self._redactor else exchange
        except Exception as error:
            self._fault("recorder", error)
            return unreadable(before)

    def _forget(self, name: bytes) -> None:
        gone = self._running.pop(name, None)
        if gone is not None:
            self._bytes -= len(gone.request.body)


def _as_it_is(body: bytes) -> bytes:
    return body
