"""The proxy's end of the spool: takes frames without ever blocking, and has each on disk as soon as it can.

``put`` costs the request path an append. One thread seals frames and writes them to the journal; what the
disk does not take stays in memory and goes to the recorder directly. The recorder reads the journal, and is
kept alive by :class:`~claude_lens.recorder.keeper.Keeper`.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from claude_lens.recorder.frames import Arrival, Frame, head_of
from claude_lens.recorder.keeper import Hold, Keeper
from claude_lens.recorder.pulse import Flight, Pulse
from claude_lens.spool import ledger
from claude_lens.spool.counters import Counters
from claude_lens.spool.records import ARRIVAL, ENDING
from claude_lens.spool.writing import JournalWriter

FRAME_OVERHEAD: Final = 2048
TRY_AGAIN: Final = 0.25
_AT_ONCE: Final = 64
_TO_BE_READ: Final = 0.5
"""Share of a closing's time that what is on no disk gets to reach the sinks."""


def worker_name() -> str:
    """``host:pid:second of start``: unique among all proxies that share a store."""
    return f"{socket.gethostname()}:{os.getpid()}:{int(time.time())}"


class Feed:
    """Frames on their way to the spool of ``home``, which takes ``spool_limit`` bytes of disk.

    Beyond ``limit`` bytes in memory, which is reached only where the disk takes nothing, arrivals are lost.
    ``command`` starts the recorder; ``log`` gets one line a fault, ``told`` what the recorder has to say to
    the guard (:mod:`claude_lens.recorder.priced`), in a thread of the feed.
    """

    def __init__(
        self,
        command: list[str],
        *,
        home: Path,
        limit: int,
        spool_limit: int,
        log: Callable[[str], None],
        told: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> None:
        self._command = command
        self._home = home
        self._limit = limit
        self._spool_limit = spool_limit
        self._log = log
        self._waiting: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._bytes = 0
        self._dropped_ids: set[str] = set()
        self._losing = False
        self._closed = False
        self._counters = Counters()
        self._writer = JournalWriter(home, spool_limit, self._counters)
        self._hold = Hold()
        self._keeper = Keeper(command, self._writer, self._hold, self._lock, log, told)
        self._pulse = Pulse(self._keeper.beat)
        self._problem: str | None = None
        self._retry_at = 0.0
        self._thread: threading.Thread | None = None
        self.worker = worker_name()

    def start(self) -> None:
        """Make the journal, start the recorder and the threads; does nothing the second time."""
        if self._thread is None:
            with contextlib.suppress(OSError):
                self._writer.prepare()
            self._thread = threading.Thread(target=self._run, name="claude-lens-spool", daemon=True)
            self._thread.start()
            self._keeper.start()

    def put(self, frame: Frame) -> None:
        """Take a frame; never blocks. Over the limit an arrival is lost, with its ending, and counted."""
        size = _size(frame)
        with self._lock:
            if isinstance(frame, Arrival):
                self._counters.passed()
                if self._closed or self._bytes + self._hold.bytes + size > self._limit:
                    self._drop(frame)
                    return
            elif frame.id in self._dropped_ids:
                self._dropped_ids.discard(frame.id)
                return
            self._bytes += size
        self._waiting.put(frame)

    def watch(self, flight: Flight) -> None:
        """Tell the recorder how far the answer of this exchange has come, until it ends; never blocks."""
        self._pulse.watch(flight)

    def _drop(self, frame: Frame) -> None:
        self._counters.lost()
        self._dropped_ids.add(frame.id)
        if not self._losing:
            self._losing = True
            why = self._problem or "recording falls behind"
            self._log(f"{why}, and more than {self._limit} bytes wait in memory: exchanges are lost")

    def status(self) -> dict[str, Any]:
        """Counters: ``passed``, ``stored``, ``waiting``, ``lost`` exchanges of the home, and this worker's.

        ``queued`` frames are not yet committed by every sink, ``queued_bytes`` those in memory;
        ``recorded`` and ``dropped`` exchanges are this worker's.
        """
        home = ledger.look(self._home)
        report, kept = self._keeper.report, self._keeper
        with self._lock:
            mine = self._counters.counts()
            in_memory = self._bytes + self._hold.bytes
        return {
            "passed": home.passed,
            "stored": home.stored,
            "waiting": home.waiting,
            "lost": home.lost,
            "aside": home.aside,
            "spool_bytes": home.bytes,
            "waiting_for": self._problem or home.reason,
            "worker": self.worker,
            "queued": self._waiting.qsize() + max(0, self._hold.newest - report.get("committed", 0)),
            "queued_bytes": in_memory,
            "recorded": report.get("recorded", 0),
            "dropped": mine.lost + report.get("lost", 0),
            "running": report.get("running", 0),
            "recorder_pid": kept.pid,
            "restarts": kept.restarts,
            "sinks": report.get("sinks", []),
            "failing": report.get("failing", []),
            "faults": report.get("faults", {}),
            "counters": report.get("counters", {}),
        }

    def close(self, timeout: float = 10.0) -> bool:
        """Have all that waits on disk and let the recorder finish; False if ``timeout`` (s) is too short."""
        with self._lock:
            already, self._closed = self._closed, True
        self._pulse.close()
        if self._thread is None or already:
            return True
        until = time.monotonic() + timeout
        self._waiting.put(None)
        self._thread.join(timeout * _TO_BE_READ)
        self._writer.close()
        done = self._keeper.finish(max(0.1, until - time.monotonic()))
        with self._lock:
            self._counters.lost(self._hold.arrivals())
        return done

    def _run(self) -> None:
        ending = False
        while not (ending and not self._hold and self._waiting.empty()):
            patience = TRY_AGAIN if self._hold or ending else None
            ending |= self._take(patience)
            try:
                self._write_out()
            except Exception as error:
                self._fault(error)

    def _take(self, patience: float | None) -> bool:
        """Seal what waits, and wait for the first of it; True where the end was asked for."""
        for number in range(_AT_ONCE):
            try:
                frame = self._waiting.get(timeout=patience) if number == 0 else self._waiting.get_nowait()
            except queue.Empty:
                return False
            if frame is None:
                return True
            try:
                self._look()
                self._seal(frame)
            except Exception as error:
                self._fault(error)
                with self._lock:
                    self._bytes -= _size(frame)
                    self._counters.lost(int(isinstance(frame, Arrival)))
        return False

    def _seal(self, frame: Frame) -> None:
        kind = ARRIVAL if isinstance(frame, Arrival) else ENDING
        seq = self._hold.newest + 1
        record = self._writer.sealer.seal(kind, seq, frame.id, head_of(frame), frame.body)
        with self._lock:
            self._bytes -= _size(frame)
            self._hold.add(seq, kind, record)

    def _write_out(self) -> None:
        """Write what is on no disk yet, in order, as far as the disk takes it."""
        if not self._hold or time.monotonic() < self._retry_at:
            return
        with self._lock:
            waiting = self._hold.to_write()
        for seq, record in waiting:
            try:
                self._writer.append(seq, record)
            except OSError as error:
                self._refused(error)
                break
            with self._lock:
                self._hold.remove(seq)
        else:
            self._problem, self._losing = None, False
        self._keeper.tell(send=self._problem is not None)

    def _refused(self, error: OSError) -> None:
        self._retry_at = time.monotonic() + TRY_AGAIN
        problem = f"the spool cannot be written ({error.strerror or error})"
        if self._problem is None:
            self._log(f"{problem}; exchanges wait in memory")
        self._problem = problem

    def _look(self) -> None:
        """A home folder that was removed is made anew."""
        if not self._hold and self._writer.gone():
            self._log("the spool was removed; a new one is begun")
            self._writer.close()
            with self._lock:
                self._counters = Counters()
                self._writer = JournalWriter(self._home, self._spool_limit, self._counters)
                self._hold.restart()
            self._keeper.renew(self._writer)

    def _fault(self, error: Exception) -> None:
        self._log(f"recording: {type(error).__name__}: {error}")


def _size(frame: Frame) -> int:
    return len(frame.body) + FRAME_OVERHEAD


def recorder_command(sinks: list[str]) -> list[str]:
    """The command that starts a recorder with these sinks of ours."""
    return [sys.executable, "-m", "claude_lens.recorder", *sinks]
