"""A real Redis server on a free loopback port, with nothing in it."""

from __future__ import annotations

import shutil
import socket
import time
from pathlib import Path

from tests.harness.processes import Child, child_environment, free_port

PROGRAM = shutil.which("redis-server", path="/usr/local/bin:/usr/bin")
MISSING = "redis-server is not installed (make test-setup, as root)"
START = 20.0


class Redis:
    """``redis-server`` that keeps everything in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._child: Child | None = None

    def __enter__(self) -> Redis:
        assert PROGRAM is not None, MISSING
        line = [PROGRAM, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with (self.folder / "redis.log").open("ab") as output:
            self._child = Child(line, child_environment(), self.folder, output=output)
        until = time.monotonic() + START
        while not self.says("PING"):
            if self._child.popen.poll() is not None or time.monotonic() > until:
                self.__exit__()
                raise RuntimeError(f"Redis did not start:\n{(self.folder / 'redis.log').read_text()}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        if self._child is not None:
            self._child.close(5)

    def says(self, command: str) -> str:
        """The beginning of the answer to a command; empty where nothing answers."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(f"{command}\r\n".encode())
                return connection.recv(65536).decode()
        except OSError:
            return ""
