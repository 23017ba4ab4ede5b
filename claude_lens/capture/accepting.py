"""The listening sockets: who is let in, when, and how the last ones leave.

uvicorn accepts all that comes; without a file descriptor left, a connection is closed in the client's face.
Here as many are let in as can be served, and the others wait where the system keeps them. The sockets may be
shared with the proxy before us, which goes on accepting until we do, and with the one after us.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from claude_lens import descriptors
from claude_lens.capture.asgi import App, Message, Receive, Scope, Send
from claude_lens.descriptors import counters

log = logging.getLogger("uvicorn.error")

BACKLOG = 2048
AT_ONCE = 64
"""Most connections that are accepted before the loop does something else."""
LOOK_AGAIN = 0.02
LINGER = 2.0
"""Seconds that an idle connection gets after a successor serves: a request may be on its way on it."""


class AcceptingServer(uvicorn.Server):
    """Serves on ``listeners``, to ``most`` clients at once; ``ready`` is called once requests are taken."""

    def __init__(
        self, config: uvicorn.Config, listeners: list[socket.socket], most: int, ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        config.app = _Closing(config.app, self._crowded)
        self._listeners = listeners
        self._most = counters.most = most
        if descriptors.limit() < descriptors.ENOUGH:
            log.warning(
                "claude-lens: %d file descriptors are all that the system allows (ulimit -n): "
                "%d clients can be connected at once, others wait",
                descriptors.limit(),
                most,
            )
        self._ready = ready
        self._arriving: set[asyncio.Task[None]] = set()
        self._lingers = False
        self._shut = False

    def leave(self) -> None:
        """End as on SIGTERM, with patience: another proxy accepts at the same sockets already."""
        self._lingers = True
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the app, then accept."""
        if os.name == "nt":
            # Its event loop tells nobody that a socket can be read.
            await super().startup(sockets=self._listeners or None)
            self._ready()
            return
        await self.lifespan.startup()
        self.servers = []
        if not self.lifespan.should_exit:
            try:
                for listener in self._listeners:
                    listener.setblocking(False)
                    listener.listen(BACKLOG)
            except OSError as error:
                log.error("cannot listen on port %s: %s", self.config.port, error.strerror)
                await self.lifespan.shutdown()
                self.lifespan.should_exit = True
        if self.lifespan.should_exit:
            # As uvicorn itself: the caller sees that nothing was started.
            self.should_exit = True
            return
        self._accept()
        self._log_started_message(self._listeners)
        self.started = True
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let nobody in any more, and let those who are in finish."""
        self._shut = True
        self._pause()
        for listener in self._listeners:
            listener.close()
        if self._arriving:
            await asyncio.wait(self._arriving, timeout=LINGER)
        if self._lingers:
            for connection in list(self.server_state.connections):
                if not _idle(connection):
                    connection.shutdown()
            for _ in range(int(LINGER / LOOK_AGAIN)):
                if not self._idle() or self.force_exit:
                    break
                await asyncio.sleep(LOOK_AGAIN)
        await super().shutdown()

    def _idle(self) -> bool:
        return any(_idle(connection) for connection in self.server_state.connections)

    def _crowded(self) -> bool:
        """Whether whoever is answered should make room for others, or look for our successor."""
        counters.open = self._open()
        return self._shut or 2 * counters.open > self._most

    def _open(self) -> int:
        return len(self.server_state.connections) + len(self._arriving)

    def _accept(self) -> None:
        if not self._shut:
            for listener in self._listeners:
                asyncio.get_running_loop().add_reader(listener.fileno(), self._arrived, listener)

    def _pause(self) -> None:
        for listener in self._listeners:
            asyncio.get_running_loop().remove_reader(listener.fileno())

    def _wait(self, why: str) -> None:
        self._pause()
        counters.waited += 1
        if counters.waited == 1:
            log.warning("claude-lens: %s; further connections wait", why)
        asyncio.get_running_loop().call_later(LOOK_AGAIN, self._accept)

    def _arrived(self, listener: socket.socket) -> None:
        for _ in range(AT_ONCE):
            if self._open() >= self._most:
                limit = descriptors.limit()
                self._wait(f"{self._most} clients are connected, as many as {limit} file descriptors allow")
                return
            try:
                connection, _ = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._wait(f"no connection can be taken: {error.strerror}")
                return
            task = asyncio.get_running_loop().create_task(self._let_in(connection))
            self._arriving.add(task)
            task.add_done_callback(self._arriving.discard)
        counters.open = self._open()

    async def _let_in(self, connection: socket.socket) -> None:
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol, connection, ssl=self.config.ssl
            )
        except (OSError, EOFError) as error:
            # No TLS spoken, or gone already.
            log.debug("a connection came to nothing: %s", error)
            connection.close()

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


class _Closing:
    """An app whose answers end their connection where ``crowded`` says so."""

    def __init__(self, app: Any, crowded: Callable[[], bool]) -> None:
        self._app: App = app
        self._crowded = crowded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["http_version"].startswith("1") and self._crowded():
            send = _closing(send)
        await self._app(scope, receive, send)


def _closing(send: Send) -> Send:
    async def closing(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
        await send(message)

    return closing


def _idle(connection: Any) -> bool:
    """Whether no request runs on it; a protocol that does not tell counts as busy."""
    cycle = getattr(connection, "cycle", connection)
    return cycle is None or getattr(cycle, "response_complete", False) is True
