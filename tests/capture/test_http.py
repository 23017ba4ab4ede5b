"""What our server reads off the wire."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from claude_lens.capture.http import protocol, without_upgrade
from tests.harness import Proxy
from tests.upstream import Provider

BODY = json.dumps(
    {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi" * 500}]}
).encode()
JAVA = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA\r\n"


def head(proxy: Proxy, *more: str, path: str = "/v1/messages") -> bytes:
    """The head of a request that asks for an upgrade."""
    lines = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nx-api-key: {proxy.key}\r\n{JAVA}"
    return (lines + "anthropic-version: 2023-06-01\r\n" + "".join(more) + "\r\n").encode()


def answers(proxy: Proxy, *parts: bytes, count: int = 1) -> bytes:
    """What comes back for these writes, until ``count`` answers are whole."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as client:
        found = b""
        for part in parts:
            client.sendall(part)
        while found.count(b'"stop_reason"') + found.count(b'"error"') < count:
            found += client.recv(65536)
        return found


@pytest.mark.parametrize("split", [0, 40, len(BODY)])
def test_an_upgrade_that_nobody_takes_up_keeps_its_body(proxy: Proxy, upstream: Provider, split: int) -> None:
    whole = head(proxy, f"Content-Length: {len(BODY)}\r\n") + BODY
    cut = len(whole) - split
    found = answers(proxy, whole[:cut], whole[cut:])
    assert found.startswith(b"HTTP/1.1 200")
    assert json.loads(upstream.requests[-1].body)["messages"] == json.loads(BODY)["messages"]
    assert upstream.requests[-1].header("upgrade") is None


def test_a_chunked_body_and_the_next_request_on_the_same_connection(proxy: Proxy, upstream: Provider) -> None:
    chunked = head(proxy, "Transfer-Encoding: chunked\r\n") + b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    found = answers(proxy, chunked, chunked, count=2)
    assert found.count(b"HTTP/1.1 200") == 2
    assert len(upstream.requests) == 2


def test_headers_without_the_upgrade() -> None:
    sent = [(b"connection", b"keep-alive, Upgrade"), (b"upgrade", b"h2c"), (b"accept", b"*/*")]
    assert without_upgrade(sent) == [(b"connection", b"keep-alive"), (b"accept", b"*/*")]
    assert without_upgrade([(b"connection", b"upgrade"), (b"http2-settings", b"x")]) == []
    assert issubclass(protocol(), asyncio.Protocol)
