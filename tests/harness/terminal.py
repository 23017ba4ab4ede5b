"""A program in a pseudo-terminal, typed at and read as a person would."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

# What moves the cursor, colours, sets titles or switches modes: not text.
_CONTROL = re.compile(
    rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[PX^_].*?\x1b\\"
    rb"|\x1b[()][0-9A-B]|\x1b[ -/]*[0-~]",
    re.DOTALL,
)
# The terminal is its controlling one, as a shell would have it.
_TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
_RIGHT = re.compile(rb"\x1b\[(\d*)C")


class Terminal:
    """A process on a terminal of its own, ended with the ``with`` block; ``output``: all it wrote."""

    def __init__(
        self,
        command: Sequence[str | Path],
        environment: Mapping[str, str],
        folder: Path,
        size: tuple[int, int] = (120, 40),
    ) -> None:
        self.output = b""
        columns, lines = size
        self._handle, far = pty.openpty()
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *map(str, command)],
            env={"TERM": "xterm-256color", **environment},
            cwd=folder,
            stdin=far,
            stdout=far,
            stderr=far,
            start_new_session=True,
        )
        os.close(far)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        os.close(self._handle)

    def text(self, start: int = 0) -> str:
        """What was written from byte ``start`` on, without control sequences; moves right are spaces."""
        spaced = _RIGHT.sub(lambda found: b" " * int(found[1] or 1), self.output[start:])
        return _CONTROL.sub(b"", spaced).decode("utf-8", "replace").replace("\r", "")

    def shows(self, text: str, start: int = 0) -> bool:
        """Whether ``text`` was written from byte ``start`` on; spaces do not count: programs skip them."""
        return "".join(text.split()) in "".join(self.text(start).split())

    def type(self, text: str) -> None:
        """Type ``text``, then wait a moment, as the client takes what comes in one piece for pasted."""
        os.write(self._handle, text.encode())
        self._read(0.3)

    def enter(self, text: str) -> None:
        """Type a line and the return key."""
        self.type(text)
        self.type("\r")

    def wait(self, condition: str | Callable[[], object], seconds: float = 60, start: int = 0) -> None:
        """Until a text is written or a condition holds; AssertionError with the output's end otherwise."""
        end = time.monotonic() + seconds
        holds = condition if callable(condition) else lambda: self.shows(condition, start)
        while not holds():
            assert time.monotonic() < end, f"not within {seconds} s: {condition}\n{self.text()[-4000:]}"
            assert self._read(0.2) or holds(), f"the program ended\n{self.text()[-4000:]}"

    def ended(self, seconds: float = 60) -> int:
        """Wait for the end; the exit code."""
        end = time.monotonic() + seconds
        while (code := self._process.poll()) is None:
            assert time.monotonic() < end, f"still running after {seconds} s\n{self.text()[-4000:]}"
            self._read(0.2)
        self._read(0.2)
        return code

    def _read(self, seconds: float) -> bool:
        """Read for ``seconds``; False where the program has closed its terminal."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self._handle], [], [], left)[0]:
                continue
            try:
                part = os.read(self._handle, 65536)
            except OSError:
                part = b""
            if not part:
                time.sleep(max(0.0, min(left, 0.05)))
                return False
            self.output += part
        return True
