"""The recorder process: records of the spool in, exchanges out to the sinks, reports on standard output.

It outlives a killed proxy just long enough to store what had reached the spool, never reads the proxy's
key, and never imports LiteLLM. Standard input tells how far the journal may be read, and ends with the
proxy. A report is one JSON line: how far every sink has committed, and the running counters.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import threading
import time
import traceback
from typing import Any, BinaryIO, Final

import orjson

from claude_lens.errors import Fault
from claude_lens.recorder import pipe
from claude_lens.recorder.adoption import Adopted, Shelf
from claude_lens.recorder.builder import Builder
from claude_lens.recorder.lane import Lane
from claude_lens.recorder.priced import before
from claude_lens.recorder.pulse import Beat
from claude_lens.recorder.sinks import Counting, SinkFactory
from claude_lens.recorder.telling import GUARD, Telling
from claude_lens.settings import Settings
from claude_lens.spool import ledger
from claude_lens.spool.journal import Journal
from claude_lens.spool.positions import STORE, primary
from claude_lens.spool.reading import Record, Source
from claude_lens.spool.syncing import Syncer
from claude_lens.spool.writing import crowded

LOOK_EVERY: Final = 0.4
GRACE: Final = 8.0
"""Seconds that a sink that is away gets once the proxy has ended."""


class Recorder:
    """Runs a lane for every sink, whatever one of them does."""

    def __init__(
        self, settings: Settings, factories: dict[str, SinkFactory], report: BinaryIO, journal: Journal
    ) -> None:
        self.settings = settings
        self.changed = threading.Condition()
        self.version = 0
        self.deadline: float | None = None
        self.own = Source(journal, limit=0)
        self._report_to = report
        self._reporting = threading.RLock()
        self._faults: dict[str, dict[str, object]] = {}
        self._fatal: Exception | None = None
        self._aside = 0
        self._reader = journal.reader_lock()
        self._syncer = Syncer(self.own)
        self._stored = STORE in factories
        chosen: dict[str, SinkFactory] = {**factories, GUARD: lambda settings: Telling(self.tell)}
        self._shelf = Shelf(settings.home, journal, frozenset(chosen))
        self.lanes: list[Lane] = []
        self.builder = Builder(settings, self.fault)
        self.lanes = [Lane(name, factory, self) for name, factory in chosen.items()]

    def claim(self) -> None:
        """Lock the journal for reading, and go on where the last recorder was, once there is one on disk."""
        if not self.own.journal.exists():
            return
        with contextlib.suppress(OSError), self.own.lock:
            self._reader.take(wait=True)
            if not self.own.positions.kept:
                self.own.positions.open()

    def sources(self) -> list[Source]:
        """Journals that others left, the oldest first, and our own."""
        return [*self._shelf.sources(), self.own]

    def fault(self, name: str, error: Exception) -> None:
        """Count what went wrong, and print what is new. Raises :class:`Fault` under CLAUDE_LENS_STRICT."""
        text = f"{type(error).__name__}: {error}".splitlines()[0]
        with self._reporting:
            known = self._faults.setdefault(name, {"count": 0, "last": None, "at": None})
            if known["last"] != text:
                print(f"claude-lens recorder: {name}: {text}", file=sys.stderr, flush=True)
                if self.settings.strict:
                    traceback.print_exception(error, file=sys.stderr)
            known.update(count=int(str(known["count"])) + 1, last=text, at=time.time())
        if self.settings.strict:
            self.report()
            self._fatal = Fault(f"{name}: {text}")
            raise self._fatal from error

    def committed(self) -> None:
        """A lane came on."""
        self.report()
        with self.changed:
            self.version += 1
            self.changed.notify_all()

    def bound(self, lane: str, source: Source) -> int | None:
        """The guard comes after the store, as long as that comes on: what one has built, both have."""
        if lane != GUARD or self.deadline is not None:
            return None
        store = next((one for one in self.lanes if one.lane == STORE), None)
        return store.reached(source) if store else None

    def must_yield(self, lane: str) -> bool:
        """Whether the spool is full of what only this sink, which is not the store, still waits for."""
        others = [each for each in self.lanes if each.lane not in (lane, GUARD) and not each.off]
        if lane == STORE or not others:
            return False
        return crowded(self.settings.home, self.settings.spool_bytes)

    def set_aside(self, source: Source, record: Record) -> None:
        """Keep the bytes of a record that recorders die of in ``spool/aside``, sealed, and tell."""
        self._aside += 1
        kept = self._shelf.set_aside(source, record)
        text = f"a record that recorders die of is set aside: {kept or 'and could not be kept'}"
        print(f"claude-lens recorder: {text}", file=sys.stderr, flush=True)

    def take(self, message: pipe.Message) -> None:
        """Hear what the proxy says."""
        if message.kind == pipe.KEY:
            self.own.known_key(message.first)
            return
        if message.kind == pipe.INLINE:
            self.own.inline[message.seq] = (message.first, message.second)
            return
        if message.kind == pipe.BEATS:
            self._beat(message.first)
            return
        if not self.own.positions.kept:
            self.claim()
        with self.changed:
            self.own.limit = message.seq
            self.version += 1
            self.changed.notify_all()

    def _beat(self, told: bytes) -> None:
        beats = {name: Beat(*beat) for name, beat in orjson.loads(told).items()}
        with self.changed:
            for lane in self.lanes:
                lane.beats.update(beats)
            self.version += 1
            self.changed.notify_all()

    def end(self) -> None:
        """The proxy is gone: what it wrote is all there will be."""
        with self.changed:
            self.own.limit = None
            self.deadline = time.monotonic() + GRACE
            self.version += 1
            self.changed.notify_all()

    def work(self) -> None:
        """Run until every lane is done. Raises what ended one under CLAUDE_LENS_STRICT."""
        self.claim()
        self.adopt()
        # All of them before the first one starts: what one has committed, the others may still need.
        self.own.begin([lane.lane for lane in self.lanes], GUARD)
        threading.Thread(target=self._tell_before, name="claude-lens-history", daemon=True).start()
        for lane in self.lanes:
            lane.start()
        while any(lane.is_alive() for lane in self.lanes):
            with self.changed:
                self.changed.wait(LOOK_EVERY)
            self._raise()
            self._syncer.look()
            self._settle(self._shelf.sources_done(self._on()))
            self.adopt()
        self._raise()
        self._finish()

    def _on(self) -> list[str]:
        return [lane.lane for lane in self.lanes if not lane.off]

    def adopt(self) -> None:
        """Take over journals whose proxy and recorder are gone."""
        if self.deadline is None and self._shelf.adopt():
            with self.changed:
                self.version += 1
                self.changed.notify_all()

    def _settle(self, done: list[Adopted]) -> None:
        for each in done:
            try:
                each.source.positions.close()
                ledger.fold(self.settings.home, each.source.journal)
            except OSError as error:
                self.fault("spool", error)
                continue
            finally:
                self._shelf.release(each)
            self.report()

    def _finish(self) -> None:
        names = self._on()
        self._settle(self._shelf.sources_done(names))
        self._shelf.close()
        mine = Adopted(self.own, self.own.journal.writer_lock(), self._reader)
        with contextlib.suppress(OSError):
            if self.own.journal.exists() and mine.finished(names) and mine.writer.take():
                self._settle([mine])
        self._shelf.release(mine)

    def _raise(self) -> None:
        fatal = next((lane.fatal for lane in self.lanes if lane.fatal), self._fatal)
        if fatal is not None:
            raise fatal

    def _counters(self) -> dict[str, dict[str, object]]:
        sinks: dict[str, object] = {lane.lane: lane.sink for lane in self.lanes}
        counting = {name: sink for name, sink in sinks.items() if isinstance(sink, Counting)}
        return {name: sink.counters() for name, sink in counting.items()}

    def report(self) -> None:
        """Write one report line; a proxy that is gone is no fault."""
        with self._reporting:
            own = dict(self.own.positions.lanes)
            lanes = [lane for lane in self.lanes if not lane.off and lane.lane != GUARD]
            first = primary(own)
            # What is not written down yet would be handed over again after a death, and is needed for it.
            committed, still_open = self.own.noted
            line = {
                "committed": committed,
                "inline": still_open,
                "recorded": first.stored,
                "lost": first.lost,
                "running": max((lane.running for lane in lanes), default=0),
                "sinks": sorted(lane.lane for lane in lanes if lane.sink is not None),
                "failing": sorted(lane.lane for lane in lanes if lane.failing),
                "waiting_for": {name: one.reason for name, one in own.items() if one.reason},
                "aside": self._aside,
                "faults": self._faults,
                "counters": self._counters(),
            }
            self._write(line)

    def tell(self, told: dict[str, Any]) -> None:
        """Say something to the guard."""
        self._write({"told": told})

    def _tell_before(self) -> None:
        for piece in before(self.settings, stored=self._stored):
            self.tell(piece)

    def _write(self, line: dict[str, Any]) -> None:
        try:
            text = orjson.dumps(line)
        except TypeError:
            # Half a surrogate pair in a name.
            text = json.dumps(line).encode()
        with self._reporting, contextlib.suppress(BrokenPipeError, ValueError):
            self._report_to.write(text + b"\n")
            self._report_to.flush()


def run(
    settings: Settings,
    factories: dict[str, SinkFactory],
    source: BinaryIO,
    report: BinaryIO,
    journal: Journal,
) -> None:
    """Record until ``source`` ends and all is committed, or a sink that is away has had its time."""
    recorder = Recorder(settings, factories, report, journal)

    def listen() -> None:
        while (message := pipe.read_message(source)) is not None:
            recorder.take(message)
        recorder.end()

    threading.Thread(target=listen, name="claude-lens-input", daemon=True).start()
    recorder.work()


def ignore_signals() -> None:
    """The end of standard input is the only reason to stop: a signal to the group must not lose records."""
    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(number, signal.SIG_IGN)
