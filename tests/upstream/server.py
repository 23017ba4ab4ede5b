"""A small HTTP/1.1 server on a raw socket, for tests that care about bytes.

It runs its own event loop in a thread, keeps every request exactly as received, and sends exactly the
chunks, pauses and endings that an ``Answer`` holds: nothing is added but the framing it names.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Framing = Literal["chunked", "length", "close"]
Ending = Literal["end", "close", "reset"]
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came in: raw header pairs in their order and case, exact body bytes."""

    number: int
    method: str
    target: str
    headers: Pairs
    body: bytes
    at: float

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The target's query, without ``?``."""
        return self.target.partition("?")[2]

    @property
    def json(self) -> Any:
        """The parsed body; None where it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. ``chunks`` are bytes to send, each in a write of its own, or seconds to wait.

    ``delay``: seconds before the status line. ``ending``: ``end`` completes the body, ``close`` and ``reset``
    drop the connection after the last chunk, with or without a word to TCP. ``hold``: send nothing until
    this event is set.
    """

    status: int = 200
    headers: Pairs = ()
    chunks: Sequence[bytes | float] = ()
    framing: Framing = "chunked"
    ending: Ending = "end"
    delay: float = 0.0
    hold: threading.Event | None = None


Handler = Callable[[Received], Answer]

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}


@dataclass(slots=True)
class Outcome:
    """How one answer went: ``sent`` body bytes; ``gone`` where the client hung up before the end."""

    number: int
    sent: int = 0
    gone: bool = False


@dataclass(slots=True)
class Server:
    """Serve ``handler`` on a free loopback port until ``close``. Usable as a context manager."""

    handler: Handler
    requests: list[Received] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    port: int = 0
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None
    _stop: asyncio.Event | None = None

    def __enter__(self) -> Server:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="upstream", daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the upstream did not start in 10 s")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop listening, drop open connections and join the thread."""
        if self._loop and self._stop and self._thread and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)

    def _run(self, ready: threading.Event) -> None:
        asyncio.run(self._serve(ready))

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        open_tasks: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            open_tasks.add(task)
            try:
                await self._connection(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError, TimeoutError, asyncio.CancelledError):
                pass
            except BaseException as error:
                self.errors.append(error)
            finally:
                open_tasks.discard(task)
                writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=1024, limit=1 << 20)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        server.close()
        for task in list(open_tasks):
            task.cancel()
        await asyncio.sleep(0.05)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (read := await read_request(reader, writer)) is not None:
            request = replace(read, number=len(self.requests))
            self.requests.append(request)
            try:
                answer = self.handler(request)
            except Exception as error:
                self.errors.append(error)
                answer = Answer(500, (("content-type", "text/plain"),), (repr(error).encode(),), "length")
            outcome = Outcome(request.number)
            self.outcomes.append(outcome)
            if not await _send(answer, reader, writer, outcome):
                return


async def read_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter | None = None
) -> Received | None:
    """The next request on a connection, None at its end. ``writer`` answers ``Expect: 100-continue``."""
    first = await reader.readline()
    if not first.strip():
        return None
    at = time.time()
    method, target, _ = first.decode("latin-1").split(" ", 2)
    pairs: list[tuple[str, str]] = []
    while (line := await reader.readline()).strip():
        name, _, value = line.decode("latin-1").rstrip("\r\n").partition(":")
        pairs.append((name, value.strip()))
    found = {name.lower(): value for name, value in pairs}
    if writer is not None and found.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if "chunked" in found.get("transfer-encoding", "").lower():
        body = await _read_chunked(reader)
    else:
        body = await reader.readexactly(int(found.get("content-length", "0")))
    return Received(-1, method, target, tuple(pairs), body, at)


async def _send(
    answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, out: Outcome
) -> bool:
    """Send one answer; returns whether the connection may serve another request."""
    try:
        while answer.hold is not None and not answer.hold.is_set():
            await _pause(0.01, reader)
        await _pause(answer.delay, reader)
        writer.write(_head(answer))
        for chunk in answer.chunks:
            if isinstance(chunk, bytes):
                writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if answer.framing == "chunked" else chunk)
                await writer.drain()
                out.sent += len(chunk)
                # Without a turn of the loop two writes may leave as one, and chunk borders are lost.
                await asyncio.sleep(0)
            else:
                await _pause(chunk, reader)
    except ConnectionError:
        out.gone = True
        return False
    if answer.ending == "reset":
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    elif answer.ending == "end" and answer.framing == "chunked":
        writer.write(b"0\r\n\r\n")
        await writer.drain()
    return answer.ending == "end" and answer.framing != "close"


async def _pause(seconds: float, reader: asyncio.StreamReader) -> None:
    """Wait; raises ConnectionResetError as soon as the client hangs up."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(left, 0.05))
        if reader.at_eof() or reader.exception() is not None:
            raise ConnectionResetError("the client hung up")


def _head(answer: Answer) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if answer.framing == "chunked":
        lines.append("transfer-encoding: chunked")
    elif answer.framing == "length":
        lines.append(f"content-length: {sum(len(c) for c in answer.chunks if isinstance(c, bytes))}")
    else:
        lines.append("connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def _read_chunked(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readline()
    while (await reader.readline()).strip():
        pass
    return b"".join(parts)
