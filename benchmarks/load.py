"""A provider that answers from memory, and a client that times every answer; both as thin as Python allows.

``python -m benchmarks.load`` serves the provider on a free port, which it prints. The body names the
answer: ``case-events-20`` in a body is a stream of 20 text deltas, each in a write of its own, and
``pace-3`` lets 3 ms pass between two of them, as between the words of a model.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import sys
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import cast

import uvloop

END = b"0\r\n\r\n"
COUNTER = b"00000000"
NEW = b"NEW-TEXT"
NEW_BYTES = 2000
"""What is new in each request, as a turn of a conversation is."""
HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nrequest-id: req_011BENCHMARK\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
EVENTS = re.compile(rb"case-events-(\d+) pace-(\d+)")
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _event(**data: object) -> bytes:
    return _chunk(b"event: %b\ndata: %b\n\n" % (str(data["type"]).encode(), json.dumps(data).encode()))


@lru_cache
def stream(events: int) -> tuple[bytes, ...]:
    """A whole answer, in the pieces in which it is written."""
    message = {
        "id": "msg_01B",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5-5",
        "content": [],
    }
    usage = {"input_tokens": 12, "output_tokens": 1}
    delta = {"type": "text_delta", "text": "lorem ipsum dolor "}
    block = {"type": "text", "text": ""}
    return (
        HEAD + _event(type="message_start", message={**message, "stop_reason": None, "usage": usage}),
        _event(type="content_block_start", index=0, content_block=block),
        *[_event(type="content_block_delta", index=0, delta=delta)] * events,
        _event(type="content_block_stop", index=0),
        _event(type="message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": events}),
        _event(type="message_stop") + END,
    )


class Provider(asyncio.Protocol):
    """One connection: reads a request, writes the stream that its body asks for."""

    def __init__(self) -> None:
        self._read: list[bytes] = []
        self._missing = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Collect until the request is whole."""
        self._read.append(data)
        if self._missing < 0:
            head, mark, rest = b"".join(self._read).partition(b"\r\n\r\n")
            length = LENGTH.search(head)
            if not mark or length is None:
                return
            self._missing = int(length[1]) - len(rest)
        else:
            self._missing -= len(data)
        if self._missing <= 0:
            asked = EVENTS.search(b"".join(self._read))
            self._read, self._missing = [], -1
            events, pace = (int(asked[1]), int(asked[2])) if asked else (20, 0)
            self._task = asyncio.ensure_future(self._answer(stream(events), pace / 1000))

    async def _answer(self, pieces: tuple[bytes, ...], pace: float) -> None:
        for number, piece in enumerate(pieces):
            self._transport.write(piece)
            if pace:
                await asyncio.sleep(pace)
            elif number % 4 == 3:
                await asyncio.sleep(0)


@dataclass(slots=True)
class Timing:
    """Of one answer, in seconds: until its first byte, and until its last."""

    first: float
    whole: float


@dataclass(slots=True)
class Target:
    """Where to send, and with which key."""

    port: int
    key: str
    path: str = "/v1/messages?beta=true"
    counter: itertools.count[int] = field(default_factory=itertools.count)


def request(target: Target, size: int, events: int, pace: int = 0) -> bytes:
    """A request of about ``size`` bytes: system, tools, and turns of a conversation.

    Its newest turn is words that stand in no other, in this run or before it; ``pace`` is ms between events.
    """
    number = b"%08d" % next(target.counter)
    words = os.urandom(NEW_BYTES // 2 - 100).hex(" ", 4).encode()
    body = _template(size, events, pace).replace(COUNTER, number).replace(NEW, words)
    head = (
        f"POST {target.path} HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\n"
        f"Authorization: Bearer {target.key}\r\n"
        "anthropic-version: 2023-06-01\r\nanthropic-beta: claude-code-20250219\r\n"
        "User-Agent: claude-cli/2.1.329 (external, cli)\r\naccept: application/json\r\n"
        "x-claude-code-session-id: 5f0bd66c-27bb-4ff8-9a3c-9cbd3a5a1e5c\r\n"
        f"content-type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@lru_cache
def _template(size: int, events: int, pace: int) -> bytes:
    words = "the quick brown fox jumps over the lazy dog and reads another file; "
    tools = [
        {"name": f"Tool{n}", "description": words * 8, "input_schema": {"type": "object", "properties": {}}}
        for n in range(max(1, size // 8000))
    ]
    turns: list[dict[str, object]] = []
    room = size - len(json.dumps(tools)) - 1000 - NEW_BYTES
    for number in range(max(1, room // 2100)):
        role = "assistant" if number % 2 else "user"
        turns.append(
            {"role": role, "content": [{"type": "text", "text": f"turn {number}: {words * 30}"[:2000]}]}
        )
    asked = f"case-events-{events} pace-{pace} {COUNTER.decode()} {NEW.decode()}"
    turns += [{"role": "assistant", "content": "Yes?"}] if turns[-1]["role"] == "user" else []
    turns.append({"role": "user", "content": [{"type": "text", "text": asked}]})
    system = [{"type": "text", "text": "You are a coding agent. " + words * 4}]
    body = {"model": "claude-opus-5-5", "messages": turns, "system": system, "tools": tools}
    return json.dumps({**body, "max_tokens": 1024, "stream": True}).encode()


class Client(asyncio.Protocol):
    """One kept connection that asks one thing at a time."""

    def __init__(self) -> None:
        self._done: asyncio.Future[Timing] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        self.transport = cast(asyncio.Transport, transport)

    async def ask(self, wire: bytes) -> Timing:
        """Send one request; returns when the answer has ended. Raises ConnectionError where it was cut."""
        self._done = asyncio.get_running_loop().create_future()
        self._started, self._first, self._tail, self._status = time.perf_counter(), 0.0, b"", b""
        self.transport.write(wire)
        return await self._done

    def data_received(self, data: bytes) -> None:
        """Time the first piece, look for the end."""
        now = time.perf_counter()
        if not self._first:
            self._first, self._status = now, data[9:12]
        self._tail = (self._tail + data)[-5:]
        if self._tail == END and self._done and not self._done.done():
            if self._status != b"200":
                self._done.set_exception(ConnectionError(f"status {self._status!r}"))
            else:
                self._done.set_result(Timing(self._first - self._started, now - self._started))

    def connection_lost(self, exc: Exception | None) -> None:
        """An answer that was not whole is an error."""
        if self._done and not self._done.done():
            self._done.set_exception(ConnectionError("cut"))


async def connect(target: Target) -> Client:
    """A new connection."""
    _, client = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", target.port)
    return client


async def throughput(target: Target, size: int, events: int, clients: int, seconds: float) -> int:
    """How many answers ``clients`` got that asked for ``seconds``, one after the other each."""
    until, done = time.perf_counter() + seconds, 0

    async def work() -> None:
        nonlocal done
        client = await connect(target)
        while time.perf_counter() < until:
            await client.ask(request(target, size, events))
            done += 1
        client.transport.close()

    await asyncio.gather(*(work() for _ in range(clients)))
    return done


async def serve() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Provider, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(serve())
