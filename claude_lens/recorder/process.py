"""The recorder process: frames in on standard input, exchanges out to the sinks, reports on standard output.

It outlives a killed proxy just long enough to store what had reached it, never reads a key, and never
imports LiteLLM. A report is one JSON line: how many frames were handed to the sinks since the last report,
and the running counters.
"""

from __future__ import annotations

import json
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

import orjson

from claude_lens.agents.namer import Namer
from claude_lens.errors import Fault, LensError
from claude_lens.exchange import Exchange
from claude_lens.recorder.build import complete, interrupted, running, unreadable
from claude_lens.recorder.frames import Arrival, Frame, read_frame
from claude_lens.recorder.priced import before, spent_of
from claude_lens.recorder.sinks import Counting, Idling, Sink, SinkFactory
from claude_lens.redact import Redactor, redactor
from claude_lens.settings import Settings

FLUSH_EVERY = 0.1
RETRY_EVERY = 1.0
READ_AHEAD = 256


class Recorder:
    """Turns frames into exchanges and hands them to every sink, whatever one of them does."""

    def __init__(self, settings: Settings, factories: dict[str, SinkFactory], report: BinaryIO) -> None:
        self._settings = settings
        self._factories = factories
        self._report_to = report
        self._sinks: dict[str, Sink] = {}
        self._running: dict[str, Exchange] = {}
        self._namer = Namer()
        self._faults: dict[str, dict[str, object]] = {}
        self._failing: set[str] = set()
        self._handled = 0
        self._recorded = 0
        self._reported_counters: object = {}
        self._priced: list[dict[str, Any]] = []
        self._redactor = self._redaction()
        self._open()

    def _redaction(self) -> Redactor | None:
        try:
            return redactor(self._settings)
        except LensError as error:
            # Rather too much taken out than too little: the well-known forms do not depend on the file.
            self._fault("redaction", error)
            return Redactor()

    def _open(self) -> None:
        for name in [name for name in self._factories if name not in self._sinks]:
            self._guard(name, lambda name=name: self._open_one(name))  # type: ignore[misc]

    def _open_one(self, name: str) -> None:
        sink = self._factories[name](self._settings)
        if sink is None:
            del self._factories[name]
        else:
            self._sinks[name] = sink
            self._failing.discard(name)

    def _guard(self, name: str, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:
            self._fault(name, error)

    def _fault(self, name: str, error: Exception) -> None:
        self._failing.add(name)
        text = f"{type(error).__name__}: {error}".splitlines()[0]
        known = self._faults.setdefault(name, {"count": 0, "last": None, "at": None})
        if known["last"] != text:
            print(f"claude-lens recorder: {name}: {text}", file=sys.stderr, flush=True)
            if self._settings.strict:
                traceback.print_exception(error, file=sys.stderr)
        known.update(count=int(str(known["count"])) + 1, last=text, at=time.time())
        if self._settings.strict:
            self.report()
            raise Fault(f"{name}: {text}") from error

    def handle(self, frame: Frame) -> None:
        """Hand one frame to the sinks. An ending whose arrival was never seen is counted as a fault.

        So is an answer that cannot be understood, whose exchange ends without it.
        """
        self._handled += 1
        try:
            exchange = self._build(frame)
        except Exception as error:
            before = None if isinstance(frame, Arrival) else self._running.pop(frame.id, None)
            self._fault("recorder", error)
            if before is None:
                return
            exchange = unreadable(before)
        arrived = isinstance(frame, Arrival)
        for name, sink in self._sinks.items():
            self._guard(name, lambda sink=sink: (sink.arrived if arrived else sink.ended)(exchange))  # type: ignore[misc]
        self._recorded += not arrived
        if not arrived:
            self._priced.append(spent_of(exchange).to_json())

    def _build(self, frame: Frame) -> Exchange:
        if isinstance(frame, Arrival):
            exchange = running(frame)
            if self._redactor:
                exchange = self._redactor.arrived(exchange)
            exchange = self._running[frame.id] = self._namer.arrived(exchange)
            return exchange
        if frame.id not in self._running:
            raise Fault(f"exchange {frame.id} ended but never arrived")
        exchange = complete(self._running[frame.id], frame)
        exchange = self._namer.ended(self._redactor.ended(exchange) if self._redactor else exchange)
        del self._running[frame.id]
        return exchange

    def flush(self) -> None:
        """Let every sink commit its batch, then report."""
        if len(self._sinks) < len(self._factories):
            self._open()
        for name, sink in self._sinks.items():
            self._failing.discard(name)
            self._guard(name, sink.flush)
        self.report()

    def _counters(self) -> dict[str, dict[str, object]]:
        return {name: sink.counters() for name, sink in self._sinks.items() if isinstance(sink, Counting)}

    def idle(self) -> None:
        """Nothing came for a moment: let sinks do what time alone makes due, and report what changed."""
        for name, sink in self._sinks.items():
            if isinstance(sink, Idling):
                self._guard(name, sink.idle)
        if self._counters() != self._reported_counters:
            self.report()

    @property
    def failing(self) -> bool:
        """Whether a sink failed at its last try, so that another flush is worth it while idle."""
        return bool(self._failing)

    def report(self) -> None:
        """Write one report line, and what was priced since the last; a proxy that is gone is no fault."""
        if self._priced:
            self._tell({"spent": self._priced})
            self._priced = []
        line = {
            "handled": self._handled,
            "recorded": self._recorded,
            "running": len(self._running),
            "sinks": sorted(self._sinks),
            "failing": sorted(self._failing),
            "faults": self._faults,
            "counters": self._counters(),
        }
        self._handled = 0
        self._reported_counters = line["counters"]
        self._write(line)

    def tell_before(self) -> None:
        """Tell the guard what was spent before."""
        for piece in before(self._settings, stored="store" in self._factories):
            self._tell(piece)

    def _tell(self, told: dict[str, Any]) -> None:
        self._write({"told": told})

    def _write(self, line: dict[str, Any]) -> None:
        try:
            try:
                text = orjson.dumps(line)
            except TypeError:
                # Half a surrogate pair in a name.
                text = json.dumps(line).encode()
            self._report_to.write(text + b"\n")
            self._report_to.flush()
        except (BrokenPipeError, ValueError):
            return

    def close(self) -> None:
        """The proxy is gone: what still runs was interrupted. Flush and close all sinks."""
        for exchange in list(self._running.values()):
            ended = interrupted(exchange)
            for name, sink in self._sinks.items():
                self._guard(name, lambda sink=sink, ended=ended: sink.ended(ended))  # type: ignore[misc]
        self._running.clear()
        self.flush()
        for name, sink in self._sinks.items():
            self._guard(name, sink.close)


def frames(stream: BinaryIO) -> Iterable[Frame | None]:
    """Frames as they come; None whenever none came for a moment, so that the batch can be flushed."""
    ahead: queue.Queue[Frame | None] = queue.Queue(READ_AHEAD)

    def read() -> None:
        while (frame := read_frame(stream)) is not None:
            ahead.put(frame)
        ahead.put(None)

    threading.Thread(target=read, name="frames", daemon=True).start()
    idle = FLUSH_EVERY
    while True:
        try:
            frame = ahead.get_nowait() if idle == 0 else ahead.get(timeout=idle)
        except queue.Empty:
            idle = RETRY_EVERY
            yield None
            continue
        if frame is None:
            return
        idle = 0
        yield frame


def run(settings: Settings, factories: dict[str, SinkFactory], source: BinaryIO, report: BinaryIO) -> None:
    """Record until ``source`` ends; a batch is flushed when nothing waits, or every 100 ms under load."""
    recorder = Recorder(settings, factories, report)
    recorder.report()
    recorder.tell_before()
    unflushed_since: float | None = None
    for frame in frames(source):
        now = time.monotonic()
        if frame is not None:
            recorder.handle(frame)
            unflushed_since = unflushed_since or now
        if (frame is None and (unflushed_since or recorder.failing)) or (
            unflushed_since and now - unflushed_since > FLUSH_EVERY
        ):
            recorder.flush()
            unflushed_since = None
        elif frame is None:
            recorder.idle()
    recorder.close()


def ignore_signals() -> None:
    """The end of standard input is the only reason to stop: a signal to the group must not lose records."""
    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(number, signal.SIG_IGN)
