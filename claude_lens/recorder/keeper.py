"""Keeps a recorder alive: starts it, tells it how far it may read, hears how far it has come."""

from __future__ import annotations

import contextlib
import io
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson

from claude_lens.recorder.pipe import ANNOUNCE, BEATS, INLINE, KEY, Message
from claude_lens.recorder.pulse import Beats
from claude_lens.spool.records import ARRIVAL
from claude_lens.spool.writing import JournalWriter

RESTART_AFTER: Final = (0.2, 1.0, 5.0)
WINDOW: Final = 32 << 20
"""Bytes on no disk that the recorder may hold besides us."""
TELL_EVERY: Final = 0.01
"""Seconds between two words to the recorder: it takes what came meanwhile in one go."""


@dataclass(slots=True)
class _Held:
    kind: int
    record: tuple[bytes, bytes]
    sent: bool = False
    committed: bool = False

    @property
    def size(self) -> int:
        return len(self.record[0]) + len(self.record[1])


class Hold:
    """Sealed records that are on no disk, in order. Every method is called under the lock of its feed."""

    def __init__(self) -> None:
        self._held: dict[int, _Held] = {}
        self.newest = 0
        self.bytes = 0

    def __bool__(self) -> bool:
        return bool(self._held)

    def add(self, seq: int, kind: int, record: tuple[bytes, bytes]) -> None:
        """Take the next record."""
        self._held[seq] = held = _Held(kind, record)
        self.newest = seq
        self.bytes += held.size

    def remove(self, seq: int) -> None:
        """It is on disk, or committed; without effect where it is not here."""
        held = self._held.pop(seq, None)
        self.bytes -= held.size if held else 0

    def to_write(self) -> list[tuple[int, tuple[bytes, bytes]]]:
        """What the disk should take, the oldest first."""
        return [(seq, held.record) for seq, held in self._held.items() if not held.committed]

    def readable(self) -> int:
        """The newest record up to which all are on disk, or were sent."""
        return next((seq for seq, held in self._held.items() if not held.sent), self.newest + 1) - 1

    def to_send(self) -> tuple[int, tuple[bytes, bytes]] | None:
        """The next record for the recorder, None where there is none, or it holds enough."""
        sent = 0
        for seq, held in self._held.items():
            if not held.sent:
                held.sent = sent == 0 or sent + held.size <= WINDOW
                return (seq, held.record) if held.sent else None
            sent += 0 if held.committed else held.size
        return None

    def unsent(self) -> None:
        """Another recorder: it has nothing of what the last one was sent."""
        for held in self._held.values():
            held.sent = False

    def committed(self, seq: int, still_open: frozenset[int]) -> None:
        """Every sink committed up to ``seq``; arrivals that are ``still_open`` will be asked for again."""
        for each in [each for each in self._held if each <= seq]:
            if each in still_open:
                self._held[each].committed = True
            elif self._held[each].sent:
                self.remove(each)

    def arrivals(self) -> int:
        """Exchanges of which nothing was ever kept."""
        return sum(held.kind == ARRIVAL and not held.committed for held in self._held.values())

    def restart(self) -> None:
        """Count from one again."""
        self.newest = 0


class Keeper:
    """Runs the recorder of one journal until :meth:`finish`, and starts it again whenever it dies."""

    def __init__(
        self,
        command: list[str],
        writer: JournalWriter,
        hold: Hold,
        lock: threading.Lock,
        log: Callable[[str], None],
        told: Callable[[dict[str, Any]], None],
    ) -> None:
        self._command, self._writer, self._hold, self._lock, self._log = command, writer, hold, lock, log
        self._told = told
        self._changed = threading.Condition()
        self._version = 0
        self._send = False
        self._beats: Beats = {}
        self._finishing = False
        self._ended: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths = 0
        self._thread = threading.Thread(target=self._run, name="claude-lens-feed", daemon=True)
        self.restarts = 0
        self.report: dict[str, Any] = {}

    @property
    def pid(self) -> int | None:
        """The recorder's process."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the recorder."""
        self._thread.start()

    def tell(self, *, send: bool) -> None:
        """There is more to read; ``send`` tells that the disk does not take what is held."""
        self._send = send
        self._wake()

    def beat(self, beats: Beats) -> None:
        """How far answers have come; of each only the newest is told."""
        with self._changed:
            self._beats = {**self._beats, **beats}
        self._wake()

    def renew(self, writer: JournalWriter) -> None:
        """Go on with another journal, and a recorder of its own."""
        self._writer = writer
        self._wake()

    def finish(self, timeout: float) -> bool:
        """Let the recorder come to its end; False if ``timeout`` (s) is too short."""
        self._finishing = True
        self._wake()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _wake(self) -> None:
        with self._changed:
            self._version += 1
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            writer = self._writer
            try:
                process = self._spawn(writer)
            except OSError as error:
                self._log(f"the recorder cannot be started: {error}")
                if self._finishing:
                    return
                self._rest()
                continue
            reader = threading.Thread(target=self._read_reports, args=(process,), daemon=True)
            reader.start()
            self._talk(process, writer)
            with contextlib.suppress(OSError):
                assert process.stdin
                process.stdin.close()
            process.wait()
            reader.join()
            if self._finishing:
                return
            if writer is self._writer:
                self._mourn(process)

    def _spawn(self, writer: JournalWriter) -> subprocess.Popen[bytes]:
        command = [*self._command, "--journal", str(writer.journal.path)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, start_new_session=True
        )
        with self._lock:
            self._hold.unsent()
        self._process = process
        return process

    def _mourn(self, process: subprocess.Popen[bytes]) -> None:
        self._process = None
        self.report = {**self.report, "running": 0, "sinks": [], "failing": []}
        self.restarts += 1
        self._log(f"the recorder ended (exit code {process.returncode}); starting it again")
        self._rest()

    def _rest(self) -> None:
        self._deaths += 1
        until = time.monotonic() + RESTART_AFTER[min(self._deaths, len(RESTART_AFTER)) - 1]
        with self._changed:
            self._changed.wait_for(lambda: self._finishing, until - time.monotonic())

    def _talk(self, process: subprocess.Popen[bytes], writer: JournalWriter) -> None:
        """Until the end is asked for, or the recorder or the journal is gone."""
        told, seen = -1, -1
        with contextlib.suppress(OSError):
            _say(process, Message(KEY, first=writer.key))
            while process is not self._ended and writer is self._writer:
                seen, finishing = self._news(seen, process), self._finishing
                while self._send and (record := self._next()):
                    _say(process, Message(INLINE, record[0], *record[1]))
                with self._lock:
                    readable = self._hold.readable()
                if readable > told:
                    _say(process, Message(ANNOUNCE, readable))
                    told = readable
                if beats := self._beats_now():
                    _say(process, Message(BEATS, first=beats))
                if finishing:
                    return
                time.sleep(TELL_EVERY)

    def _news(self, seen: int, process: subprocess.Popen[bytes]) -> int:
        with self._changed:
            self._changed.wait_for(lambda: self._version != seen or process is self._ended)
            return self._version

    def _beats_now(self) -> bytes:
        with self._changed:
            beats, self._beats = self._beats, {}
        return orjson.dumps({name: list(beat) for name, beat in beats.items()}) if beats else b""

    def _next(self) -> tuple[int, tuple[bytes, bytes]] | None:
        with self._lock:
            return self._hold.to_send()

    def _read_reports(self, process: subprocess.Popen[bytes]) -> None:
        # The pipe has no buffer of its own, and would be read byte by byte.
        reports = io.BufferedReader(cast(io.RawIOBase, process.stdout))
        with reports, contextlib.suppress(ValueError, OSError):
            for line in iter(reports.readline, b""):
                report = orjson.loads(line)
                if "told" in report:
                    self._told(report["told"])
                else:
                    self._heard(report)
        self._ended = process
        self._wake()

    def _heard(self, report: dict[str, Any]) -> None:
        if report["committed"] > self.report.get("committed", 0):
            self._deaths = 0
        self.report = report
        with self._lock:
            held = bool(self._hold)
            self._hold.committed(report["committed"], frozenset(report["inline"]))
        if held:
            self._wake()


def _say(process: subprocess.Popen[bytes], message: Message) -> None:
    assert process.stdin
    for part in message.encoded():
        view = memoryview(part)
        while view:
            view = view[process.stdin.write(view) :]
