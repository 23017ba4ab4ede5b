"""Redis's protocol, against a real server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from claude_lens.capture.resp import Redis, RedisError, encode
from tests.harness.processes import free_port
from tests.harness.redis import Redis as Server


def test_commands_and_replies(tmp_path: Path) -> None:
    async def talk(port: int) -> None:
        redis = Redis("127.0.0.1", port)
        replies = await redis.ask(
            ("SET", "a", b"\r\n\x00"),
            ("GET", "a"),
            ("GET", "b"),
            ("INCRBY", "n", 5),
            ("MGET", "a", "b"),
            ("KEYS", "x*"),
        )
        assert replies == [b"OK", b"\r\n\x00", None, 5, [b"\r\n\x00", None], []]
        with pytest.raises(RedisError, match="unknown command"):
            await redis.ask(("NONSENSE",), ("GET", "a"))
        # The reply to the second command of that failed question is nobody's.
        assert await redis.ask(("GET", "n")) == [b"5"]
        redis.close()
        await asyncio.sleep(0)

    with Server(tmp_path) as server:
        asyncio.run(talk(server.port))


def test_nobody_answers() -> None:
    port = free_port()
    with pytest.raises(RedisError, match=f"127.0.0.1:{port}"):
        asyncio.run(Redis("127.0.0.1", port).ask(("PING",)))


def test_encode() -> None:
    assert encode(("SET", b"k", 1)) == b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n"
