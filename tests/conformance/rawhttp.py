"""A client on a raw socket: sends exactly what it is given, keeps exactly what comes back and when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer. ``body`` without its chunked framing; ``cut`` where the framing promised more.

    ``arrivals`` are ``(seconds since the request was sent, body bytes so far)``, one a read. ``status`` is 0
    where the connection ended before a status line.
    """

    status: int = 0
    headers: Pairs = ()
    body: bytes = b""
    cut: bool = False
    arrivals: tuple[tuple[float, int], ...] = ()

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def request_bytes(method: str, target: str, headers: Pairs, body: bytes, host: str) -> bytes:
    """A request as it goes on the wire; ``headers`` must not name ``Host`` or a length."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers)]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def exchange(
    port: int,
    wire: bytes,
    *,
    leave_after: int | None = None,
    leave_when: Awaitable[None] | None = None,
    limit: float = 100,
) -> Answered:
    """Send ``wire`` and read the answer; hang up once ``leave_after`` body bytes are there.

    With ``leave_when`` it reads nothing and hangs up when that is done.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    started, raw, found, arrivals = time.monotonic(), b"", Answered(), []
    try:
        writer.write(wire)
        if leave_when is not None:
            await leave_when
            return found
        async with asyncio.timeout(limit):
            while True:
                piece = await _read(reader)
                raw += piece
                found, complete = parse(raw, ended=not piece, head_only=wire.startswith(b"HEAD "))
                arrivals.append((time.monotonic() - started, len(found.body)))
                enough = leave_after is not None and len(found.body) >= leave_after
                if complete or not piece or enough:
                    break
    finally:
        writer.close()
    return Answered(found.status, found.headers, found.body, found.cut, tuple(arrivals))


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(1 << 20)
    except ConnectionError:
        return b""


def parse(raw: bytes, *, ended: bool, head_only: bool = False) -> tuple[Answered, bool]:
    """What ``raw`` amounts to, and whether the answer is complete; ``ended`` where nothing more will come."""
    head, mark, rest = raw.partition(b"\r\n\r\n")
    if not mark:
        return Answered(cut=ended), False
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
    found = Answered(int(first.split(" ")[1]), pairs)
    if head_only or found.status in (204, 304):
        return found, True
    if "chunked" in (found.header("transfer-encoding") or ""):
        body, complete = _unchunked(rest)
    elif (length := found.header("content-length")) is not None:
        body, complete = rest, len(rest) >= int(length)
    else:
        body, complete = rest, ended
    return Answered(found.status, pairs, body, cut=ended and not complete), complete


def _unchunked(raw: bytes) -> tuple[bytes, bool]:
    parts: list[bytes] = []
    while b"\r\n" in raw:
        line, _, rest = raw.partition(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        if size == 0:
            return b"".join(parts), rest.endswith(b"\r\n") or rest == b"\r\n"
        parts.append(rest[:size])
        if len(rest) < size + 2:
            break
        raw = rest[size + 2 :]
    return b"".join(parts), False
