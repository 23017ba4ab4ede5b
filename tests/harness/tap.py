"""A relay that stands between a client and a proxy and keeps every byte, in both directions."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import dataclass, field

from tests.upstream.server import Received, read_request


@dataclass(slots=True)
class Connection:
    """What passed over one connection."""

    sent: bytearray = field(default_factory=bytearray)
    answered: bytearray = field(default_factory=bytearray)


class Tap:
    """Relays to a loopback port until the end of the ``with`` block. ``url`` is where the client goes."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.connections: list[Connection] = []
        self.port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Tap:
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(ready)), name="tap", daemon=True
        )
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the tap did not start in 10 s")
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop and self._stop and self._thread:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def requests(self) -> list[Received]:
        """Every complete request the client sent, connection by connection."""
        return [request for link in self.connections for request in asyncio.run(_parsed(bytes(link.sent)))]

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        tasks: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await self._relay(reader, writer)
            tasks.discard(task)
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.sleep(0.05)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen = Connection()
        self.connections.append(seen)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        try:
            ways = (_pump(reader, far_writer, seen.sent), _pump(far_reader, writer, seen.answered))
            # Either side that closes ends both, as it would without us.
            _, open_ways = await asyncio.wait(
                [asyncio.ensure_future(way) for way in ways], return_when=asyncio.FIRST_COMPLETED
            )
            for way in open_ways:
                way.cancel()
            await asyncio.gather(*open_ways, return_exceptions=True)
        finally:
            far_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, keep: bytearray) -> None:
    with contextlib.suppress(OSError):
        while part := await reader.read(1 << 16):
            keep += part
            writer.write(part)
            await writer.drain()


async def _parsed(sent: bytes) -> list[Received]:
    reader = asyncio.StreamReader(limit=1 << 20)
    reader.feed_data(sent)
    reader.feed_eof()
    found: list[Received] = []
    with contextlib.suppress(asyncio.IncompleteReadError, ValueError):
        while (request := await read_request(reader)) is not None:
            found.append(request)
    return found
