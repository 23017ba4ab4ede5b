"""The old key at the door."""

from __future__ import annotations

import asyncio
import time

import pytest

from claude_lens.capture.asgi import Receive, Scope, Send
from claude_lens.capture.grace import OldKey

OLD, NEW = "sk-lens-old", "sk-lens-new"


def seen(headers: list[tuple[bytes, bytes]], until: float, kind: str = "http") -> list[tuple[bytes, bytes]]:
    """The headers that the app behind gets."""
    got: list[tuple[bytes, bytes]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        got.extend(scope["headers"])

    async def nothing(*_: object) -> dict[str, object]:
        return {}

    asyncio.run(OldKey(app, OLD, NEW, until)({"type": kind, "headers": headers}, nothing, nothing))  # type: ignore[arg-type]
    return got


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (b"x-api-key", b"sk-lens-old", b"sk-lens-new"),
        (b"x-litellm-api-key", b"Bearer sk-lens-old", b"Bearer sk-lens-new"),
        (b"authorization", b"bearer sk-lens-old ", b"bearer sk-lens-new"),
        (b"x-api-key", b"sk-lens-older", b"sk-lens-older"),
        (b"authorization", b"Bearer sk-ant-oat01", b"Bearer sk-ant-oat01"),
        (b"x-note", b"sk-lens-old", b"sk-lens-old"),
    ],
)
def test_counts_as_the_new_one(name: bytes, value: bytes, expected: bytes) -> None:
    given = [(b"host", b"h"), (name, value)]
    assert seen(given, time.time() + 60) == [(b"host", b"h"), (name, expected)]
    assert seen(given, time.time() + 60, "websocket") == [(b"host", b"h"), (name, expected)]
    assert seen(given, time.time() - 1) == given
