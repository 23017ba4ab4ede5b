"""Chromium with tabs behind one another, as a user has them: those that nobody looks at are hidden.

Playwright makes every page believe that it is looked at, so the browser is spoken to by itself.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import connect
from websockets.sync.connection import Connection


class Tabs:
    """A running browser; a tab is a session of its protocol."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._number = connection, 0

    def call(self, method: str, tab: str | None = None, **params: Any) -> dict[str, Any]:
        """Ask the browser, or a tab."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        self._connection.send(json.dumps(message if tab is None else {**message, "sessionId": tab}))
        while True:
            told = json.loads(self._connection.recv(60))
            if told.get("id") == self._number:
                assert "error" not in told, told
                result: dict[str, Any] = told["result"]
                return result

    def open(self, url: str, *, hidden: bool) -> tuple[str, str]:
        """A new tab, behind the others or before them: its target and its session."""
        target = self.call("Target.createTarget", url=url, background=hidden)["targetId"]
        return target, self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def look_at(self, target: str) -> None:
        """Bring a tab before the others."""
        self.call("Target.activateTarget", targetId=target)

    def evaluate(self, tab: str, expression: str) -> Any:
        """The value of an expression, or of what it promises."""
        told = self.call(
            "Runtime.evaluate", tab, expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def wait(self, tab: str, expression: str, seconds: float = 30.0) -> None:
        """Until an expression is true."""
        until = time.monotonic() + seconds
        while not self.evaluate(tab, expression):
            assert time.monotonic() < until, f"never: {expression}"
            time.sleep(0.05)


@contextmanager
def tabs(chromium: Path, arguments: list[str], folder: Path) -> Iterator[Tabs]:
    """A browser with a profile of its own."""
    started = ["--headless=new", "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"]
    process = subprocess.Popen([chromium, *arguments, *started], stderr=subprocess.DEVNULL)
    port = folder / "DevToolsActivePort"
    try:
        until = time.monotonic() + 60
        while not (port.exists() and len(port.read_text().splitlines()) == 2):
            assert process.poll() is None, "the browser ended"
            assert time.monotonic() < until, "the browser did not start"
            time.sleep(0.05)
        number, path = port.read_text().splitlines()
        # A socket of our own: no proxy of the environment is asked.
        given = socket.create_connection(("127.0.0.1", int(number)))
        with connect(f"ws://127.0.0.1:{number}{path}", max_size=None, sock=given) as connection:
            yield Tabs(connection)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
