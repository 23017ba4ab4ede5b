import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from claude_lens.proxy import key as keys
from claude_lens.proxy.health import get, health, status
from tests.harness.lens import Lens
from tests.harness.processes import free_port


@contextmanager
def answering(data: bytes | None) -> Iterator[str]:
    """A server that sends these bytes to everyone; None: accepts and stays silent."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                if data is None:
                    done.wait(10)
                else:
                    connection.sendall(data)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        done.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_ours(served: Lens) -> None:
    seen = health(served.url)
    assert seen.state == "ours"
    assert seen.healthy
    assert seen.pid is not None
    assert seen.detail["credential"] == "proxy"


def test_status_needs_the_key(served: Lens) -> None:
    key = keys.proxy_key(served.settings)
    found = status(served.url, key)
    assert found is not None
    assert found["pid"] == health(served.url).pid
    assert status(served.url, "sk-wrong") is None
    assert status(f"http://127.0.0.1:{free_port()}", key) is None


def test_down() -> None:
    seen = health(f"http://127.0.0.1:{free_port()}")
    assert (seen.state, seen.healthy, seen.pid) == ("down", False, None)
    assert seen.said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n", "HTTP 404 from nginx"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "HTTP 200 from an unnamed server"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "does not speak HTTP"),
        (b"", "RemoteDisconnected"),
    ],
)
def test_foreign(data: bytes, said: str) -> None:
    with answering(data) as url:
        seen = health(url)
    assert seen.state == "foreign"
    assert said in seen.said


def test_silence_is_foreign() -> None:
    with answering(None) as url:
        seen = health(url, timeout=0.3)
    assert (seen.state, seen.said) == ("foreign", "accepts connections but did not answer within 0.3 s")


def test_tls_that_is_none() -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as url:
        seen = health(url.replace("http:", "https:"))
    assert seen.state == "foreign"
    assert "TLS" in seen.said


def test_starting_is_ours_but_not_healthy() -> None:
    body = b'{"service":"claude-lens","status":"starting","pid":"x"}'
    with answering(b"HTTP/1.1 503 X\r\nContent-Length: %d\r\n\r\n" % len(body) + body) as url:
        seen = health(url)
        assert (seen.state, seen.healthy, seen.pid) == ("ours", False, None)
        assert get(url + "/lens", "/health")[0] == 503
