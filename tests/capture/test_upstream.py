"""The connection to the provider: verified, proxied, kept, and nothing done to what passes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from claude_lens.capture.inflight import RawHeaders
from claude_lens.capture.upstream import CA_VARIABLES, UpstreamClient
from claude_lens.settings import load
from tests.harness import certificates
from tests.upstream import Answer, Provider, always, raw, say, text, zipped
from tests.upstream.server import Received, Server

HEADERS: RawHeaders = [(b"content-type", b"application/json")]
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

Ask = Callable[..., Coroutine[Any, Any, tuple[int, list[tuple[bytes, bytes]], bytes]]]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no certificates from outside."""
    for name in (*PROXIES, *CA_VARIABLES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def talk(conversation: Callable[[Ask], Coroutine[Any, Any, None]]) -> None:
    """Run ``conversation`` with one client."""

    async def run() -> None:
        client = UpstreamClient(load(environ={"CLAUDE_LENS_CONNECT_TIMEOUT": "5"}))

        async def ask(
            url: str, headers: RawHeaders = HEADERS, body: bytes = b"{}"
        ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
            response = await client.post(url, headers, body)
            async with response:
                return response.status, list(response.raw_headers), await response.read()

        try:
            await conversation(ask)
        finally:
            await client.close()

    asyncio.run(run())


def test_only_the_given_headers_are_sent(upstream: Provider) -> None:
    async def conversation(ask: Ask) -> None:
        await ask(
            upstream.url + "/v1/messages", [(b"X-Odd-Case", b"1"), (b"x-twice", b"a"), (b"x-twice", b"b")]
        )

    talk(conversation)
    (request,) = upstream.requests
    names = [
        (name, value) for name, value in request.headers if name.lower() not in ("host", "content-length")
    ]
    assert names == [("X-Odd-Case", "1"), ("x-twice", "a"), ("x-twice", "b")]


def test_compressed_answers_stay_compressed(upstream: Provider) -> None:
    upstream.play(always(zipped(say(text("hello")))))
    found: list[bytes] = []

    async def conversation(ask: Ask) -> None:
        found.append((await ask(upstream.url + "/v1/messages"))[2])

    talk(conversation)
    assert found[0].startswith(b"\x1f\x8b")


def test_redirects_and_cookies_are_the_clients_business(upstream: Provider) -> None:
    away = (("location", "/elsewhere"), ("set-cookie", "a=b"))
    upstream.play(always(raw(b"", status=307, headers=away, framing="length")))

    async def conversation(ask: Ask) -> None:
        assert (await ask(upstream.url + "/v1/messages"))[0] == 307
        await ask(upstream.url + "/v1/messages")

    talk(conversation)
    assert [request.path for request in upstream.requests] == ["/v1/messages"] * 2
    assert upstream.requests[1].header("cookie") is None


def test_the_query_is_not_rewritten(upstream: Provider) -> None:
    async def conversation(ask: Ask) -> None:
        await ask(upstream.url + "/v1/messages?beta=true&a=%2F+%7e&&b")

    talk(conversation)
    assert upstream.requests[0].query == "beta=true&a=%2F+%7e&&b"


class Counting(BaseHTTPRequestHandler):
    """Answers every POST; ``hang_up`` says whether to close silently after it, as an idle timeout does."""

    protocol_version = "HTTP/1.1"
    hang_up = False
    ports: list[int]

    def do_POST(self) -> None:
        """One answer."""
        self.rfile.read(int(self.headers["content-length"]))
        self.ports.append(self.client_address[1])
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
        self.close_connection = self.hang_up

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def counting() -> Iterator[tuple[str, type[Counting]]]:
    """A server that tells which connections it saw."""
    handler = type("Handler", (Counting,), {"ports": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", handler
        server.shutdown()


def test_connections_are_kept(counting: tuple[str, type[Counting]]) -> None:
    url, handler = counting

    async def conversation(ask: Ask) -> None:
        for _ in range(3):
            assert (await ask(url))[0] == 200

    talk(conversation)
    assert len(set(handler.ports)) == 1


def test_a_kept_connection_that_was_closed_is_replaced(counting: tuple[str, type[Counting]]) -> None:
    url, handler = counting
    handler.hang_up = True

    async def conversation(ask: Ask) -> None:
        for _ in range(5):
            assert (await ask(url))[0] == 200

    talk(conversation)
    assert len(handler.ports) == 5


def test_any_number_of_dead_connections_is_replaced() -> None:
    """As behind a firewall that forgot them: each is reset at its next request."""
    first: set[int] = set()
    together = threading.Barrier(3)

    class Forgotten(Counting):
        def do_POST(self) -> None:
            if self.client_address[1] in first:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                return
            if len(first) < 3:
                first.add(self.client_address[1])
                together.wait(10)
            super().do_POST()

    handler: type[Counting] = type("Handler", (Forgotten,), {"ports": []})

    async def conversation(ask: Ask) -> None:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        await asyncio.gather(*(ask(url) for _ in range(3)))
        assert (await ask(url))[0] == 200

    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        talk(conversation)
        server.shutdown()
    assert len(handler.ports) == 4


def test_an_upstream_that_hangs_up_at_once_is_asked_once() -> None:
    asked: list[Received] = []

    def handler(request: Received) -> Answer:
        asked.append(request)
        return Answer(200, (), (), ending="reset")

    async def conversation(ask: Ask) -> None:
        with pytest.raises(aiohttp.ClientError):
            await ask(server.url)

    with Server(handler) as server:
        talk(conversation)
    assert len(asked) == 1


@pytest.mark.parametrize("size", [9_000, 200_000])
def test_a_long_header_passes(upstream: Provider, size: int) -> None:
    upstream.play(always(raw(b"{}", headers=(("content-security-policy", "x" * size),))))
    found: list[tuple[bytes, bytes]] = []

    async def conversation(ask: Ask) -> None:
        found.extend((await ask(upstream.url + "/v1/messages"))[1])

    talk(conversation)
    assert (b"content-security-policy", b"x" * size) in found


@pytest.mark.parametrize("credential", [b"x-api-key", b"authorization"])
def test_no_password_of_a_netrc_file_is_sent(
    upstream: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, credential: bytes
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login me password RECOGNISABLE\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    async def conversation(ask: Ask) -> None:
        await ask(upstream.url + "/v1/messages", [(credential, b"Bearer given")])

    talk(conversation)
    (request,) = upstream.requests
    assert request.header(credential.decode()) == "Bearer given"
    assert not any("Basic" in value for _, value in request.headers)


def test_a_proxy_from_the_environment(upstream: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", upstream.url)

    async def conversation(ask: Ask) -> None:
        await ask("http://api.example/v1/messages")

    talk(conversation)
    assert upstream.requests[0].target == "http://api.example/v1/messages"


def test_no_proxy_is_honoured(upstream: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    async def conversation(ask: Ask) -> None:
        assert (await ask(upstream.url + "/v1/messages"))[0] == 200

    talk(conversation)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    return certificates.authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def https(authority: tuple[Path, Path]) -> Iterator[str]:
    """An HTTPS server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority)
    handler = type("Handler", (Counting,), {"ports": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_an_unknown_certificate_is_refused(https: str) -> None:
    async def conversation(ask: Ask) -> None:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await ask(https)

    talk(conversation)


@pytest.mark.parametrize("variable", CA_VARIABLES)
def test_an_authority_of_the_users_is_trusted(
    https: str, authority: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(authority[0]))

    async def conversation(ask: Ask) -> None:
        assert (await ask(https))[0] == 200

    talk(conversation)


class Tunnel(socketserver.StreamRequestHandler):
    """An HTTP proxy that knows CONNECT alone; ``asked`` keeps the first lines."""

    asked: list[bytes]

    def handle(self) -> None:
        """Open a tunnel and pass bytes both ways until one side ends."""
        first = self.rfile.readline()
        self.asked.append(first)
        while self.rfile.readline().strip():
            pass
        host, _, port = first.split(b" ")[1].decode().partition(":")
        with socket.create_connection((host, int(port))) as far:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=self._pass_on, args=(far, self.connection), daemon=True)
            back.start()
            self._pass_on(self.connection, far)
            back.join(5)

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_tunnels_and_the_certificate_is_still_verified(
    https: str, authority: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    asked: list[bytes] = []
    handler = type("Handler", (Tunnel,), {"asked": asked})

    async def trusting(ask: Ask) -> None:
        assert (await ask(https))[0] == 200

    async def distrusting(ask: Ask) -> None:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await ask(https)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        if scheme == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*authority)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://127.0.0.1:{server.server_address[1]}")
        talk(distrusting)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority[0]))
        talk(trusting)
        server.shutdown()
    # A proxy whose own certificate is unknown is told nothing.
    connect = f"CONNECT {https.removeprefix('https://')} HTTP/1.1\r\n".encode()
    assert asked == [connect] * (2 if scheme == "http" else 1)
