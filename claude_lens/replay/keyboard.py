"""The client in a pseudo-terminal, typed at as a person would."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

SIZE: Final = (40, 120)
_PASTE: Final = ("\x1b[200~", "\x1b[201~")
# The terminal is its controlling one, as a shell would have it.
_TAKE: Final = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Keyboard:
    """A process on a terminal of its own, ended with the ``with`` block."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], folder: Path) -> None:
        self.tail = b""
        self._written = time.monotonic()
        self._handle, far = pty.openpty()
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _TAKE, *command],
            env={**environ, "TERM": "xterm-256color"},
            cwd=folder,
            stdin=far,
            stdout=far,
            stderr=far,
            start_new_session=True,
        )
        os.close(far)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        os.close(self._handle)

    def quiet_for(self) -> float:
        """Seconds since it last wrote something."""
        return time.monotonic() - self._written

    def type(self, text: str) -> None:
        """Type words; several lines go in as one paste."""
        whole = text.join(_PASTE) if "\n" in text else text
        data = whole.encode("utf-8", "surrogateescape")
        while data:
            data = data[os.write(self._handle, data[:512]) :]
            self.read(0.05)
        self.read(0.3)

    def press(self, keys: str = "\r") -> None:
        """Press a key; on its own, as what comes in one piece is taken for pasted."""
        os.write(self._handle, keys.encode())
        self.read(0.1)

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Read on until ``condition`` holds; False where it does not in time, or the program ended."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end or self._process.poll() is not None:
                return condition()
            if not self.read(0.1):
                # Its end follows the terminal's at once.
                time.sleep(0.02)
        return True

    def code(self) -> int | None:
        """The exit code; None while it runs."""
        return self._process.poll()

    def read(self, seconds: float) -> bool:
        """Read for so long; False where the program has closed its terminal."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self._handle], [], [], left)[0]:
                continue
            try:
                part = os.read(self._handle, 65536)
            except OSError:
                part = b""
            if not part:
                return False
            self.tail = (self.tail + part)[-20_000:]
            self._written = time.monotonic()
        return True
