"""The watcher: a small process that starts the proxy, holds its listening sockets, and brings it back.

``lensctl up`` starts it, ``lensctl down`` stops it. It is told what to run in one line of JSON on standard
input, answers ``ready PID`` or ``ended CODE`` on standard output, and says the rest in the proxy's log. While
no proxy runs, connections wait at the sockets that it holds. A proxy that was told to end, and ends well, has
ended; one that dies at each start is given up. Standard library only: it lives as long as the proxy does, and
has to stay small.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from claude_lens.proxy import handover
from claude_lens.proxy.mark import start_mark, write_json

MODULE = "claude_lens.proxy.watcher"
"""By which a watcher's command line is known."""
DELAYS = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before the next start, by how often it died soon after its start; after the last it is given up."""
SOON = 30.0
ENDED, CUT_OFF, NOT_FOUND = 0, 1, 127


def command(python: str, package: Path) -> list[str]:
    """How to run a watcher: without site-packages, which it does not need, and isolated."""
    code = f"import sys; sys.path.insert(0, {str(package.parent)!r}); from {MODULE} import main; main()"
    return [python, "-I", "-S", "-c", code, MODULE]


class Watcher:
    """One proxy, time and again. ``told``: see :func:`main`."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._command: list[str] = told["command"]
        self._record: dict[str, Any] = told["record"]
        self._home = Path(told["home"])
        self._listeners = [socket.socket(fileno=number) for number in told["listeners"]]
        self._taking_over: bool = told["taking_over"]
        self._wakes, self._wake = os.pipe()
        for end in (self._wakes, self._wake):
            os.set_blocking(end, False)
        self._offered: socket.socket | None = None
        self._ready: int | None = None
        self._pid = 0
        self._began = self._began_at = 0.0
        self._deaths = 0
        self._quick_deaths = 0
        self._was_ready = False
        self._starter_gone = False
        self._stopping = False

    def run(self) -> int:
        """Until the proxy is to run no more; returns the exit code."""
        signal.set_wakeup_fd(self._wake)
        for number in (signal.SIGTERM, signal.SIGUSR1):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        self._start()
        while True:
            self._wait(3600.0)
            status = self._reaped()
            if status is None:
                continue
            by_hand = status == 128 + signal.SIGTERM and self._was_ready
            if status == 0 or by_hand or self._stopping:
                return ENDED
            if not self._was_ready and not self._starter_gone:
                self._answer(f"ended {status}")
                return ENDED if self._stopping else CUT_OFF
            if not self._bring_back(status):
                return ENDED if self._stopping else CUT_OFF

    def _start(self) -> None:
        ready, told = os.pipe()
        numbers = [listener.fileno() for listener in self._listeners]
        for number in (*numbers, told):
            os.set_inheritable(number, True)
        line = [*self._command, "--listen", ",".join(map(str, numbers)), "--ready", str(told)]
        quiet = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, 2, 1)]
        ignored = {signal.SIGINT, signal.SIGHUP}
        self._began, self._began_at = time.monotonic(), time.time()
        try:
            self._pid = os.posix_spawn(
                line[0],
                [*line, *(["--whole"] if self._taking_over else [])],
                os.environ,
                file_actions=quiet,
                setsigdef=[*ignored, signal.SIGPIPE],
            )
        except OSError as error:
            # An upgrade may have taken this Python away.
            self._say(f"cannot start {line[0]}: {error.strerror}")
            self._pid = 0
            os.write(self._wake, b"0")
        finally:
            os.close(told)
        self._ready = ready
        if not self._taking_over:
            self._note()

    def _note(self, last: str | None = None) -> None:
        """Write down which process serves. What cannot be noted at the first start is not started."""
        own = os.getpid()
        watcher = {"pid": own, "start_mark": start_mark(own), "deaths": self._deaths, "last": last}
        process = {
            "pid": self._pid or None,
            "started_at": self._began_at,
            "start_mark": start_mark(self._pid),
        }
        try:
            write_json(self._home / "proxy.json", {**self._record, **process, "watcher": watcher})
        except OSError as error:
            self._say(f"cannot write {self._home / 'proxy.json'}: {error.strerror}")
            if not self._was_ready and not self._starter_gone:
                self._stop(signal.SIGKILL, None)
                self._answer(f"unwritable {error.strerror}")
                sys.exit(CUT_OFF)

    def _wait(self, seconds: float) -> None:
        """Serve what there is to serve, until a signal comes or ``seconds`` are over."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            watched: list[Any] = [self._wakes, *filter(None, [self._offered, self._ready])]
            watched += [] if self._starter_gone else [sys.stdin]
            readable, _, _ = select.select(watched, [], [], left)
            if self._offered in readable and self._offered is not None:
                handover.give(self._offered, self._listeners)
            if self._ready in readable and self._ready is not None:
                self._heard(self._ready)
            if sys.stdin in readable and not os.read(sys.stdin.fileno(), 1):
                self._starter_gone = True
                if self._taking_over and not self._was_ready:
                    # Nobody would end the one before us.
                    self._stop(signal.SIGTERM, None)
            if self._wakes in readable:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wakes, 64)
                return

    def _heard(self, ready: int) -> None:
        served = bool(os.read(ready, 16))
        os.close(ready)
        self._ready = None
        if served and not self._was_ready:
            self._was_ready = True
            if self._taking_over:
                self._note()
                self._taking_over = False
            self._offered = handover.offer(self._home)
            self._answer(f"ready {self._pid}")

    def _reaped(self) -> int | None:
        """How the proxy ended, as a shell would say; None while it runs."""
        if not self._pid:
            return NOT_FOUND
        try:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
        except ChildProcessError:
            return 0
        if not pid:
            return None
        code = os.waitstatus_to_exitcode(status)
        return 128 - code if code < 0 else code

    def _bring_back(self, status: int) -> bool:
        """Wait and start it anew; false where it is given up, or was stopped meanwhile."""
        lived = time.monotonic() - self._began
        self._quick_deaths = self._quick_deaths + 1 if lived < SOON else 0
        self._deaths += 1
        if self._ready is not None:
            os.close(self._ready)
            self._ready = None
        reason = f"{_words(status)} after {lived:.0f} s"
        told = f"the proxy (process {self._pid}) {reason}"
        if self._quick_deaths > len(DELAYS):
            self._say(f"{told}; it has died {self._quick_deaths} times in a row and is not started again")
            self._pid = 0
            self._note(reason)
            return False
        delay = DELAYS[max(0, self._quick_deaths - 1)]
        self._say(f"{told}; it is started again {f'in {delay:g} s' if delay else 'at once'}")
        self._pid = 0
        if delay:
            self._note(reason)
        until = time.monotonic() + delay
        while not self._stopping and time.monotonic() < until:
            self._wait(until - time.monotonic())
        if self._stopping:
            return False
        self._start()
        self._note(reason)
        return True

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, number)

    def _answer(self, line: str) -> None:
        with contextlib.suppress(OSError):
            os.write(sys.stdout.fileno(), f"{line}\n".encode())

    @staticmethod
    def _say(line: str) -> None:
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        print(f"claude-lens: {now} {line}", file=sys.stderr, flush=True)


def _words(status: int) -> str:
    if status <= 128:
        return f"ended with code {status}"
    try:
        name = signal.Signals(status - 128).name
    except ValueError:
        name = f"signal {status - 128}"
    why = ", by hand or for want of memory," if name == "SIGKILL" else ""
    return f"was ended by {name}{why}"


def main() -> None:
    """Run. Standard input: ``{"command", "record", "home", "listeners", "taking_over"}``, then open.

    ``command`` is the proxy's, ``record`` what stands in ``proxy.json`` beside the process, ``listeners`` are
    the numbers of inherited descriptors. ``taking_over``: another proxy still serves at them, so that ours
    starts whole, is noted once it serves, and goes where whoever started us goes before that.
    """
    line = b""
    while not line.endswith(b"\n"):
        if not (read := os.read(sys.stdin.fileno(), 65536)):
            sys.exit(CUT_OFF)
        line += read
    sys.exit(Watcher(json.loads(line)).run())
