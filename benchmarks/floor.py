"""The least that a forwarder in Python can do: bytes in, bytes out, nothing looked at, nothing recorded.

``python -m benchmarks.floor PORT UPSTREAM_PORT``: each client's connection gets one to the provider, under
uvloop. What stands between this and claude-lens is what HTTP, the choice of a lane and a record cost.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop


class Side(asyncio.Protocol):
    """One side of a pair: what it hears, the other says; what comes before there is another waits."""

    def __init__(self) -> None:
        self.other: asyncio.Transport | None = None
        self.transport: asyncio.Transport | None = None
        self._waiting: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        self.transport = cast(asyncio.Transport, transport)

    def join(self, other: asyncio.Transport) -> None:
        """Speak to ``other`` from now on."""
        self.other = other
        for data in self._waiting:
            other.write(data)
        self._waiting.clear()

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        if self.other is None:
            self._waiting.append(data)
        else:
            self.other.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Both end together."""
        if self.other is not None:
            self.other.close()


class Door(Side):
    """The client's side."""

    def __init__(self, upstream: int) -> None:
        super().__init__()
        self._upstream = upstream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect to the provider."""
        super().connection_made(transport)
        self._task = asyncio.ensure_future(self._connect())

    async def _connect(self) -> None:
        _, far = await asyncio.get_running_loop().create_connection(Side, "127.0.0.1", self._upstream)
        assert self.transport is not None
        assert far.transport is not None
        far.join(self.transport)
        self.join(far.transport)


async def serve(port: int, upstream: int) -> None:
    """Serve until the process is ended."""
    await asyncio.get_running_loop().create_server(lambda: Door(upstream), "127.0.0.1", port, backlog=1024)
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
