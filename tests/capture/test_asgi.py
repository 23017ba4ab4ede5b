"""Reading a body, and giving it again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from claude_lens.capture.asgi import ClientGone, Message, Receive, read_body, replay


def server(messages: Iterable[Message]) -> Receive:
    left = iter(messages)

    async def receive() -> Message:
        return next(left)

    return receive


def part(body: bytes, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def test_parts_are_joined() -> None:
    receive = server([part(b"ab", True), part(b"", True), part(b"cd", False)])
    assert asyncio.run(read_body(receive)) == b"abcd"


def test_a_client_that_leaves_while_sending() -> None:
    with pytest.raises(ClientGone):
        asyncio.run(read_body(server([part(b"ab", True), {"type": "http.disconnect"}])))


def test_replay_gives_the_body_once_then_the_server() -> None:
    async def scenario() -> list[Message]:
        again = replay(b"body", server([{"type": "http.disconnect"}]))
        return [await again(), await again()]

    first, second = asyncio.run(scenario())
    assert first == part(b"body", False)
    assert second == {"type": "http.disconnect"}
