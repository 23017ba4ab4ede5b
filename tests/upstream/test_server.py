"""The raw server: bytes in and bytes out, exactly."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from typing import Literal

import httpx
import pytest

from tests.upstream import Provider, always, cut_after, held, raw, resized, say, slow, text, zipped


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


def exchange(provider: Provider, request: bytes) -> bytes:
    """Send raw bytes, and read until the server closes or says nothing for half a second."""
    with socket.create_connection(("127.0.0.1", provider.server.port), timeout=0.5) as link:
        link.sendall(request)
        seen = b""
        try:
            while part := link.recv(65536):
                seen += part
        except TimeoutError:
            pass
        return seen


def test_keeps_the_request_exactly(provider: Provider) -> None:
    body = b'{"a":  1,\n "b": "\xc3\xa9"}'
    exchange(
        provider,
        b"POST /v1/messages?beta=true&x=%20 HTTP/1.1\r\nHOST: h\r\nx-Odd: A\r\nX-odd: b\r\n"
        + b"Content-Length: %d\r\n\r\n" % len(body)
        + body,
    )
    (seen,) = provider.requests
    assert seen.body == body
    assert seen.target == "/v1/messages?beta=true&x=%20"
    assert (seen.path, seen.query) == ("/v1/messages", "beta=true&x=%20")
    assert seen.headers[:3] == (("HOST", "h"), ("x-Odd", "A"), ("X-odd", "b"))


def test_reads_a_chunked_body(provider: Provider) -> None:
    head = b"POST /v1/messages HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    exchange(provider, head + b'3\r\n{"a\r\n5;x=y\r\n": 1}\r\n0\r\n\r\n')
    assert provider.requests[0].json == {"a": 1}


def test_sends_exactly_the_chunks(provider: Provider) -> None:
    provider.play(always(raw(b"ab", 0.01, b"cde", headers=(("X-One", "1"),))))
    seen = exchange(provider, b"POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}")
    assert seen == (
        b"HTTP/1.1 200 OK\r\nX-One: 1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"
    )


def test_serves_many_requests_over_one_connection(provider: Provider) -> None:
    one = b"POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"
    assert exchange(provider, one + one).count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize("how", ["close", "reset"])
def test_cuts_the_stream(provider: Provider, how: Literal["close", "reset"]) -> None:
    provider.play(always(cut_after(say(text("hello there")), 3, how)))
    got: list[bytes] = []
    with (
        httpx.stream("POST", provider.url + "/v1/messages", json={"stream": True}) as answer,
        pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)),
    ):
        got.extend(answer.iter_raw())
    assert b"".join(got).count(b"event: ") == 3


def test_a_late_first_byte_and_pauses(provider: Provider) -> None:
    provider.play(always(slow(say(text("hello"), noise=False), first=0.2, between=0.05)))
    begun = time.monotonic()
    with httpx.stream("POST", provider.url + "/v1/messages", json={"stream": True}) as answer:
        assert time.monotonic() - begun >= 0.2
        chunks = list(answer.iter_raw())
    assert time.monotonic() - begun >= 0.2 + 0.05 * len(chunks)


def test_holds_until_released(provider: Provider) -> None:
    release = threading.Event()
    provider.play(always(held(say(text("hello")), release)))
    threading.Timer(0.2, release.set).start()
    begun = time.monotonic()
    assert httpx.post(provider.url + "/v1/messages", json={}).status_code == 200
    assert time.monotonic() - begun >= 0.2


def test_notices_a_client_that_hangs_up(provider: Provider) -> None:
    provider.play(always(slow(say(text("hello")), between=5.0, after=1)))
    with httpx.stream("POST", provider.url + "/v1/messages", json={"stream": True}) as answer:
        next(answer.iter_raw())
    provider.wait(lambda p: p.outcomes[0].gone, 3.0)


def test_compressed_and_sliced_bodies(provider: Provider) -> None:
    provider.play(always(zipped(say(text("hello")))))
    with httpx.stream("POST", provider.url + "/v1/messages", json={"stream": True}) as answer:
        assert b"message_stop" in gzip.decompress(b"".join(answer.iter_raw()))
    provider.play(always(resized(say(text("häh")), 1)))
    with httpx.stream("POST", provider.url + "/v1/messages", json={"stream": True}) as answer:
        assert "message_stop" in "".join(answer.iter_text())


def test_a_broken_script_is_reported() -> None:
    provider = Provider().__enter__()
    provider.play(lambda call: 1 / 0)  # type: ignore[arg-type, return-value]
    assert httpx.post(provider.url + "/v1/messages", json={}).status_code == 500
    with pytest.raises(AssertionError, match="scripted upstream failed"):
        provider.__exit__()
