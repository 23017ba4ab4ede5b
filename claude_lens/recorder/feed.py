"""The proxy's end of the recorder: takes frames without ever blocking, keeps them until they are stored.

``put`` costs the request path an append. One thread writes to the recorder's standard input, another reads
its reports. A recorder that dies is started again and gets every frame that it had not yet reported.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import orjson

from claude_lens.recorder.frames import Arrival, Frame, encode

RESTART_AFTER = (0.2, 1.0, 5.0)
SAME_FRAME_DEATHS = 3
FRAME_OVERHEAD = 2048


def worker_name() -> str:
    """``host:pid:second of start``: unique among all proxies that share a store."""
    return f"{socket.gethostname()}:{os.getpid()}:{int(time.time())}"


class Feed:
    """Frames on their way to the recorder; beyond ``limit`` waiting bytes, arrivals are dropped.

    ``command`` starts the recorder; ``log`` gets one line a fault, ``told`` what the recorder
    has to say to the guard (:mod:`claude_lens.recorder.priced`), in a thread of the feed.
    """

    def __init__(
        self,
        command: list[str],
        *,
        limit: int,
        log: Callable[[str], None],
        told: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> None:
        self._command = command
        self._limit = limit
        self._log = log
        self._told = told
        self._waiting: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._unreported: deque[Frame] = deque()
        self._open: dict[str, Arrival] = {}
        self._lock = threading.Lock()
        self._bytes = 0
        self._dropped = 0
        self._dropped_ids: set[str] = set()
        self._restarts = 0
        self._known_to_recorder = 0
        self._report: dict[str, Any] = {}
        self._recorded_before = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        self._deaths_without_progress = 0
        self.worker = worker_name()

    def start(self) -> None:
        """Start the recorder and the threads; does nothing the second time."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="claude-lens-feed", daemon=True)
            self._thread.start()

    def put(self, frame: Frame) -> None:
        """Take a frame; never blocks. Over the limit an arrival is dropped, with its ending, and counted."""
        size = _size(frame)
        with self._lock:
            if isinstance(frame, Arrival):
                if self._closed or self._bytes + size > self._limit:
                    self._drop(frame)
                    return
            elif frame.id in self._dropped_ids:
                self._dropped_ids.discard(frame.id)
                return
            self._bytes += size
        self._waiting.put(frame)

    def _drop(self, frame: Frame) -> None:
        self._dropped += 1
        self._dropped_ids.add(frame.id)
        if self._dropped == 1:
            self._log(f"recording falls behind: more than {self._limit} bytes wait, exchanges are dropped")

    def status(self) -> dict[str, Any]:
        """Counters: ``queued`` frames and ``queued_bytes``, ``recorded``, ``dropped``, ``faults`` …"""
        with self._lock:
            report = self._report
            return {
                "worker": self.worker,
                "queued": self._waiting.qsize() + len(self._unreported),
                "queued_bytes": self._bytes,
                "recorded": self._recorded_before + report.get("recorded", 0),
                "dropped": self._dropped,
                "running": report.get("running", 0),
                "recorder_pid": self._process.pid if self._process else None,
                "restarts": self._restarts,
                "sinks": report.get("sinks", []),
                "failing": report.get("failing", []),
                "faults": report.get("faults", {}),
                "counters": report.get("counters", {}),
            }

    def close(self, timeout: float = 10.0) -> bool:
        """Write out all that waits and let the recorder finish; False if ``timeout`` (s) is too short."""
        with self._lock:
            already, self._closed = self._closed, True
        if self._thread is None or already:
            return True
        self._waiting.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            process = self._spawn()
            reader = threading.Thread(target=self._read_reports, args=(process,), daemon=True)
            reader.start()
            finished = self._write_frames(process)
            with contextlib.suppress(OSError):
                assert process.stdin
                process.stdin.close()
            process.wait()
            reader.join()
            if finished and not self._unreported:
                return
            self._mourn(process)

    def _spawn(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, start_new_session=True
        )
        with self._lock:
            self._process = process
        return process

    def _mourn(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._restarts += 1
            self._recorded_before += self._report.get("recorded", 0)
            self._report = {**self._report, "recorded": 0}
            self._deaths_without_progress += 1
            deaths = self._deaths_without_progress
            if deaths % SAME_FRAME_DEATHS == 0:
                self._give_up(self._unreported.popleft() if self._unreported else None)
        self._log(f"the recorder ended (exit code {process.returncode}); starting it again")
        time.sleep(RESTART_AFTER[min(deaths, len(RESTART_AFTER)) - 1])
        if self._closed:
            self._waiting.put(None)

    def _give_up(self, frame: Frame | None) -> None:
        """Leave out a frame that every recorder died of, and the rest of its exchange."""
        frame = frame or next(iter(self._open.values()), None)
        if frame is None:
            return
        arrival = self._open.pop(frame.id, None)
        self._bytes -= _size(frame) + (_size(arrival) if arrival and arrival is not frame else 0)
        self._dropped += 1
        if isinstance(frame, Arrival):
            self._dropped_ids.add(frame.id)

    def _write_frames(self, process: subprocess.Popen[bytes]) -> bool:
        """Write until the end is asked for (True) or the recorder is gone (False)."""
        try:
            with self._lock:
                again = [*self._open.values(), *self._unreported]
                self._known_to_recorder = len(self._open)
            for known in again:
                self._write(process, known)
            while process.poll() is None:
                try:
                    frame = self._waiting.get(timeout=1.0)
                except queue.Empty:
                    continue
                if frame is None:
                    return True
                with self._lock:
                    self._unreported.append(frame)
                self._write(process, frame)
        except OSError:
            return False
        return False

    @staticmethod
    def _write(process: subprocess.Popen[bytes], frame: Frame) -> None:
        assert process.stdin
        for part in encode(frame):
            view = memoryview(part)
            while view:
                view = view[process.stdin.write(view) :]

    def _read_reports(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout
        with process.stdout, contextlib.suppress(ValueError, OSError):
            for line in iter(process.stdout.readline, b""):
                report = orjson.loads(line)
                if "told" in report:
                    self._told(report["told"])
                    continue
                with self._lock:
                    self._report = report
                    if report["handled"]:
                        self._deaths_without_progress = 0
                        self._forget(report["handled"])

    def _forget(self, count: int) -> None:
        """Drop reported frames, but keep the arrival of a running exchange: a new recorder would need it."""
        resent = min(count, self._known_to_recorder)
        self._known_to_recorder -= resent
        for _ in range(min(count - resent, len(self._unreported))):
            frame = self._unreported.popleft()
            if isinstance(frame, Arrival):
                self._open[frame.id] = frame
                continue
            arrival = self._open.pop(frame.id, None)
            self._bytes -= _size(frame) + (_size(arrival) if arrival else 0)


def _size(frame: Frame) -> int:
    return len(frame.body) + FRAME_OVERHEAD


def recorder_command(sinks: list[str]) -> list[str]:
    """The command that starts a recorder with these sinks of ours."""
    return [sys.executable, "-m", "claude_lens.recorder", *sinks]
