"""Redis's protocol (RESP 2), as much as sharing sums needs: commands in a pipeline, their replies."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

Command = Sequence[str | bytes | int]

LONGEST: Final = 2**26
TIMEOUT: Final = 2.0


class RedisError(Exception):
    """Redis cannot be reached, or refused a command."""


class Redis:
    """One connection, opened when it is needed and again after a failure."""

    def __init__(self, host: str, port: int, password: str | None = None) -> None:
        self._place = (host, port)
        self._password = password
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, *commands: Command) -> list[Any]:
        """The replies, in order: bytes, integers, lists, None. Raises :class:`RedisError`."""
        try:
            async with asyncio.timeout(TIMEOUT):
                if self._streams is None:
                    self._streams = await asyncio.open_connection(*self._place, limit=LONGEST)
                    if self._password:
                        await self._send([("AUTH", self._password)])
                return await self._send(commands)
        except (OSError, EOFError, ValueError, TimeoutError, asyncio.IncompleteReadError) as error:
            self.close()
            told = str(error) or type(error).__name__
            raise RedisError(f"Redis at {self._place[0]}:{self._place[1]}: {told}") from error
        except BaseException:
            # Replies that nobody reads any more would answer the next question.
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _send(self, commands: Sequence[Command]) -> list[Any]:
        assert self._streams is not None
        reader, writer = self._streams
        writer.write(b"".join(encode(command) for command in commands))
        await writer.drain()
        return [await read(reader) for _ in commands]


def encode(command: Command) -> bytes:
    """A command as an array of strings."""
    parts = [part if isinstance(part, bytes) else str(part).encode() for part in command]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


async def read(reader: asyncio.StreamReader) -> Any:
    """One reply. Raises :class:`RedisError` for an error, ValueError for what is no reply."""
    line = (await reader.readuntil(b"\r\n"))[:-2]
    kind, rest = line[:1], line[1:]
    if kind == b"-":
        raise RedisError(f"Redis: {rest.decode('utf-8', 'replace')}")
    if kind == b"+":
        return rest
    if kind not in (b":", b"$", b"*"):
        raise ValueError(f"no reply of Redis: {line[:40]!r}")
    count = int(rest)
    if kind == b":":
        return count
    if count < 0:
        return None
    if kind == b"$":
        return (await reader.readexactly(count + 2))[:-2]
    return [await read(reader) for _ in range(count)]
